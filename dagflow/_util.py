"""Small things without a domain noun: the sentinel for "not given", and suggestions for a misspelt name."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final


class Unset(enum.Enum):
    """The type of `UNSET`, so that a type checker can tell it from any value."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""Stands for an argument that was not given, where None is a value."""


def nearest(name: object, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known names that look like `name`, or an empty text.

    Example:
        >>> nearest("bens", ["beans", "brew"])
        " Did you mean 'beans'?"
        >>> nearest("zzz", ["beans"])
        ''
    """
    import difflib  # only an error message needs it

    close = difflib.get_close_matches(str(name), list(known), n=3)
    return f" Did you mean {' or '.join(repr(match) for match in close)}?" if close else ""
