"""The reads of a session outside of its code: files, folders, environment variables, packages."""
