"""The extension of griffe, which reads the docstrings for the pages of the public API."""

from __future__ import annotations

import griffe


class ExampleSections(griffe.Extension):
    """A reader of the sections `Example:`, which griffe knows by the name `Examples:` only."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Rename the section in the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("\n\nExample:\n", "\n\nExamples:\n")
