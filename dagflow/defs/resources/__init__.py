"""Resource definitions."""
