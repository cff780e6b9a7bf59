"""Tests of the count interval."""
