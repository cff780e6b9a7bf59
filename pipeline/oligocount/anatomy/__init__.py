"""Where things are: images to an organ map, landmarks and a station map."""
