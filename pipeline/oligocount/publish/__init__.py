"""Values to files: the only stage that writes results."""
