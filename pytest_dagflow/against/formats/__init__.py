"""The reports of `--dag-against`: in the terminal, and as Markdown, JSON and HTML."""
