"""Items that are collected beside the tests of the user."""
