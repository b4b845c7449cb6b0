"""Parts that several kinds of definitions share."""
