"""Files to values: the only stage that opens a user's files."""
