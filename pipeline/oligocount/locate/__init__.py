"""Lesion and maps to located lesion."""
