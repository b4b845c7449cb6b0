"""Event sequences: patterns and matchers, the search for matching events, and the message of a failure."""
