"""The meaning of a selection in words, for tools that explain what they selected."""

from __future__ import annotations

from dagflow.selection import tree
from dagflow.selection.tree import ALL, Selection


def in_words(selection: Selection) -> str:
    """Return a selection with its walks in words, and with parentheses around `and` and `or` inside it.

    `+` has two meanings: one level at a name, and all levels at any other selection.

    Args:
        selection: The tree that the parser returns for a selection string.

    Example:
        >>> from dagflow.testing import in_words, parse_selection
        >>> in_words(parse_selection("a+ and key:b+"))
        '(a and 1 level downstream) and (key:b and all downstream)'
    """
    match selection:
        case tree.Walk(of, up, down):
            start = in_words(of)
            start = start if of.binds > selection.binds or isinstance(of, tree.Walk) else f"({start})"
            walks = [_levels(up, "upstream")] * bool(up) + [_levels(down, "downstream")] * bool(down)
            return f"({' and '.join([start, *walks])})" if walks else start
        case tree.Sinks(of):
            return f"sinks{_in_parentheses(of)}"
        case tree.Roots(of):
            return f"roots{_in_parentheses(of)}"
        case tree.Not(of):
            return f"not {_inside(of)}"
        case tree.And(parts):
            return " and ".join(_inside(part) for part in parts)
        case tree.Or(parts):
            return " or ".join(_inside(part) for part in parts)
    return str(selection)


def _levels(depth: int, direction: str) -> str:
    if depth == ALL:
        return f"all {direction}"
    return f"{depth} level{'s' if depth > 1 else ''} {direction}"


def _inside(part: Selection) -> str:
    return _in_parentheses(part) if isinstance(part, (tree.And, tree.Or)) else in_words(part)


def _in_parentheses(part: Selection) -> str:
    """Return a selection in words with one pair of parentheses. A walk has its own."""
    words = in_words(part)
    return words if isinstance(part, tree.Walk) and words.startswith("(") else f"({words})"
