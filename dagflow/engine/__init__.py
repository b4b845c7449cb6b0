"""The engine: it runs the steps of a plan and records the events."""
