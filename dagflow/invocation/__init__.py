"""A definition called like a function, without a run."""
