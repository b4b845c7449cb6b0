"""The parts that HTML reports share: the stylesheet, the templates, and the path of the file."""
