"""Tests of what talks to archives; the doubles and the real one stand beside."""
