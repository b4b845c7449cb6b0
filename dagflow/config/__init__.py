"""Config: what can be set from outside, the schemas that say so, and reading a value against its schema."""
