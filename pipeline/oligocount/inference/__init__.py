"""Networks: bundles, devices and sliding windows, shared by `segment` and `anatomy`."""
