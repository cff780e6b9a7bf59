"""Oligometastasis from staging scans: lesions, stations, counts, verdicts, and their doubt."""
