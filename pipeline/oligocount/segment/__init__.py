"""Images to foci: thresholds, networks and given masks behind one protocol."""
