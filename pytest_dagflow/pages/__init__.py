"""The parts that HTML reports share: the stylesheet, the templates, the file, and the text of names."""
