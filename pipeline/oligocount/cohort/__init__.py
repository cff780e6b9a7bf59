"""Many patients: nothing lost, nothing silent."""
