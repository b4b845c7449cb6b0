"""Event sequences: patterns and matchers, the search for matching events, and the text of a failure."""
