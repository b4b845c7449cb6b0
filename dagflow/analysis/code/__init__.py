"""The graph of code blocks: which code of a project a definition, a test or any function depends on."""
