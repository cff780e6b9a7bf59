"""Counts and facts to verdicts."""
