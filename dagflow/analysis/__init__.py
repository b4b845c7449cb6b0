"""Questions about definitions and finished runs, for tests and tools."""
