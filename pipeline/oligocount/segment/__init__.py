"""Images to lesion instances."""
