"""Tests of contracts that several parts keep."""
