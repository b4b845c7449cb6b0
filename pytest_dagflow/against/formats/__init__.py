"""The formats of reports about two revisions. Each module renders one format, and writes nothing."""
