"""The text of names in reports, which can have any character."""

from __future__ import annotations


def visible(text: str) -> str:
    """Return a text in one line, with an escape for each character that has no picture.

    Example:
        >>> print(visible("a\\nb\\u202ec"))
        a\\nb\\u202ec
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def visible_lines(text: str) -> str:
    """Return a text as `visible` does, with its lines.

    Example:
        >>> print(visible_lines("a\\nb\\u202ec"))
        a
        b\\u202ec
    """
    return "\n".join(map(visible, text.splitlines()))
