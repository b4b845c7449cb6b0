"""What user code sees while it runs."""
