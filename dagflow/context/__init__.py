"""The contexts of user code: everything that it can read while it runs."""
