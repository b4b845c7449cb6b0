"""Hook definitions."""
