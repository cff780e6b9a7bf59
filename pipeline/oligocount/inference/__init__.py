"""Networks: reading bundles, choosing devices, filling channels, running one pass or many tiles."""
