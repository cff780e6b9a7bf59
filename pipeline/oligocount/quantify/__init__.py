"""Activity to SUV, and everything on one grid."""
