"""Tests of quantify."""
