"""Direct calls: a definition is called like a function, without a run."""
