"""The parts that reports share: the stylesheet, templates and picture of HTML, and the names in Markdown."""
