"""The algebra of grids that all stages share."""
