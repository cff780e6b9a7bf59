"""Tests of count."""
