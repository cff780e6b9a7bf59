"""Synthetic patients with their truth."""
