"""The page of `--dag-html`: each test of a session, with a timeline of each of its runs."""
