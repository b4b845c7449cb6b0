"""The markers: their names and arguments, and their effect on the collected tests."""
