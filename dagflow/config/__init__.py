"""Config: schemas of the settings that a run config gives, and checking of values against a schema."""
