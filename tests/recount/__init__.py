"""Tests of recounting."""
