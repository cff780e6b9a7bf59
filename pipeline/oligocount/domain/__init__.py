"""Nouns: frozen, valid once constructed. No reading, no writing, no heavy library."""
