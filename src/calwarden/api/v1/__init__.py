"""The v1 operations. Wire names live here alone."""
