"""Located lesions to counts, ranges and decision-critical lesions."""
