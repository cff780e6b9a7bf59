"""Images to organ map, landmarks and station map."""
