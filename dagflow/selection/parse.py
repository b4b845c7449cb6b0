"""The parser of selections.

    expression := both (('or' | ',') both)*        both := negated ('and' negated)*
    negated := 'not' negated | walk                walk := up? atom down?
    atom := name | attribute ':' value | sinks(expression) | roots(expression)
            | changed() | (expression) | *

`parse_clause` parses one clause, a name with its walks (`*a`, `a++`), as in the `op_selection` of a run.
`parse_selection` parses a whole expression. Both use `_Reader` for names and walks, so a clause has the same
meaning everywhere.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from dagflow.errors import DagflowInvalidSubsetError
from dagflow.selection import tree
from dagflow.selection.tree import ALL, ATTRIBUTES, NAME, RESERVED, WORD, Selection

_match_name = re.compile(NAME).match
_match_glob = re.compile(NAME.replace(WORD, "[A-Za-z0-9_*?]+")).match
_match_quoted = re.compile(r'"((?:[^"]|"")*)"').match
_match_steps = re.compile(r"\*|\++").match
_match_space = re.compile(r"\s*").match
_match_atom = re.compile(r'[A-Za-z0-9_"(*]').match

_MAX_DEPTH = 50
_AN_ATOM = "a name, an attribute such as 'tag:x', sinks(...), roots(...), changed(), '*' or '('"


class Clause(NamedTuple):
    """One name and the depths of its walks up and down. `name` is None for `*`, which selects all nodes."""

    up: int
    name: str | None
    down: int


def parse_clause(text: str) -> Clause:
    """Parse one clause: `<up><name><down>`, or `*` for all nodes.

    Args:
        text: The clause: `a`, `*a` (with all ancestors), `+a` (with its parents), `a++` (with two levels of
            children), `a*` (with all descendants), a combination of both sides, or `*`.

    Raises:
        DagflowInvalidSubsetError: The string is not a clause. The message shows the position and what was
            expected there.

    Example:
        >>> parse_clause("*a++") == Clause(up=ALL, name="a", down=2)
        True
        >>> parse_clause("*").name is None
        True
    """
    reader = _Reader(text)
    up = reader.steps()
    name = reader.name()
    if name is None:
        if up != ALL or not reader.at_end():
            reader.fail("a name")
        return Clause(0, None, 0)
    clause = Clause(up, name, reader.steps())
    if not reader.at_end():
        reader.fail("the end" if clause.down else "'*', '+' or the end")
    return clause


def parse_selection(text: str) -> Selection:
    """Parse an expression over the nodes of a graph.

    Args:
        text: The expression: names with walks as in `parse_clause`, attributes (`tag:team=core`,
            `key:raw_*`), `sinks(...)`, `roots(...)`, `changed()`, `and`, `or`, `not`, commas (which mean
            `or`) and parentheses.

    Returns:
        The tree of the expression. `str` of it can be parsed to an equal tree.

    Raises:
        DagflowInvalidSubsetError: The string is not an expression. The message shows the position and what
            was expected there.

    Example:
        >>> print(parse_selection("raw*, (kind:dbt and not tag:slow)"))
        raw* or kind:dbt and not tag:slow
    """
    reader = _Reader(text)
    selection = _expression(reader)
    if not reader.at_end():
        reader.fail("'and', 'or', ',' or the end")
    return selection


def _expression(reader: _Reader) -> Selection:
    parts = [_both(reader)]
    while reader.take(",") or reader.take_word("or"):
        parts.append(_both(reader))
    return tree.Or(tuple(parts)) if len(parts) > 1 else parts[0]


def _both(reader: _Reader) -> Selection:
    parts = [_negated(reader)]
    while reader.take_word("and"):
        parts.append(_negated(reader))
    return tree.And(tuple(parts)) if len(parts) > 1 else parts[0]


def _negated(reader: _Reader) -> Selection:
    if reader.depth == _MAX_DEPTH:
        reader.fail(f"no more than {_MAX_DEPTH} levels of parentheses and 'not'")
    reader.depth += 1
    found = tree.Not(_negated(reader)) if reader.take_word("not") else _walk(reader)
    reader.depth -= 1
    return found


def _walk(reader: _Reader) -> Selection:
    reader.skip_space()
    up = reader.steps()
    if up == ALL and not reader.at_atom():  # a lone `*` is not a walk
        of: Selection = tree.Everything()
        up = 0
    else:
        of = _atom(reader)
    down = reader.steps()
    return tree.Walk(of, up, down) if up or down else of


def _atom(reader: _Reader) -> Selection:
    if not reader.at_atom():
        reader.fail(_AN_ATOM)
    if reader.take("*"):
        return tree.Everything()
    if reader.take("("):
        return _closed(reader)
    start = reader.position
    name = reader.name() or ""
    if reader.text[start] == '"':
        return tree.Name(name)
    if reader.text.startswith(":", reader.position):
        return _attribute(reader, name, start)
    if name not in RESERVED:
        return tree.Name(name)
    return _call(reader, name, start)


def _closed(reader: _Reader) -> Selection:
    selection = _expression(reader)
    if not reader.take(")"):
        reader.fail("'and', 'or', ',' or ')'")
    return selection


def _call(reader: _Reader, name: str, start: int) -> Selection:
    if name in {"and", "or", "not"}:
        reader.fail(_AN_ATOM, start)
    if not reader.take("("):
        reader.fail(f"'(', or '\"{name}\"' for a node of that name")
    if name == "changed":
        if not reader.take(")"):
            reader.fail("')'")
        return tree.Changed()
    of = _closed(reader)
    return tree.Sinks(of) if name == "sinks" else tree.Roots(of)


def _attribute(reader: _Reader, name: str, start: int) -> Selection:
    if name not in ATTRIBUTES:
        reader.fail(f"one of {', '.join(ATTRIBUTES)} before ':'", start)
    reader.take(":")
    value = reader.pattern()
    tag_value = reader.pattern() if name == "tag" and reader.take("=") else None
    selection = tree.Attribute(name, value, tag_value)
    position = reader.position
    if (tag_value or value).is_glob and reader.steps():
        walk = reader.text[position : reader.position]
        reader.fail(f"no walk right after a wildcard: write '({selection}){walk}'", position)
    return selection


class _Reader:
    """A string, and the position up to which it was read. `position` only moves forward.

    `depth` is the number of expressions that are open at `position`.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0
        self.skip_space()

    def skip_space(self) -> None:
        """Skip white space."""
        found = _match_space(self.text, self.position)
        self.position = found.end() if found else self.position

    def at_end(self) -> bool:
        """Return whether only white space is left."""
        self.skip_space()
        return self.position == len(self.text)

    def at_atom(self) -> bool:
        """Return whether an atom can begin at the current position."""
        return _match_atom(self.text, self.position) is not None

    def take(self, sign: str) -> bool:
        """Read `sign` if it comes next. Returns whether it did."""
        if sign in "(),":
            self.skip_space()
        if not self.text.startswith(sign, self.position):
            return False
        self.position += len(sign)
        return True

    def take_word(self, word: str) -> bool:
        """Read `word` if it is the next whole word. Returns whether it was."""
        self.skip_space()
        found = _match_name(self.text, self.position)
        if not found or found[0] != word:
            return False
        self.position = found.end()
        return True

    def steps(self) -> int:
        """Read the mark of a walk, `*` or several `+`. Returns its depth, 0 without a mark."""
        found = _match_steps(self.text, self.position)
        if not found:
            return 0
        self.position = found.end()
        return ALL if found[0] == "*" else len(found[0])

    def name(self) -> str | None:
        """Read a name or a quoted string. Returns None if neither comes next."""
        found = _match_name(self.text, self.position)
        if found:
            self.position = found.end()
            return found[0]
        return self.quoted()

    def pattern(self) -> tree.Pattern:
        """Read the value of an attribute: a name with optional wildcards, or a quoted string."""
        found = _match_glob(self.text, self.position)
        if found and found[0] not in RESERVED:
            self.position = found.end()
            return tree.Pattern(found[0], is_glob=not re.fullmatch(NAME, found[0]))
        text = self.quoted()
        if text is None:
            self.fail("a value: a name (* and ? are wildcards), or any string in double quotes")
        return tree.Pattern(text)

    def quoted(self) -> str | None:
        """Read a string in double quotes, in which `""` means one quote. Returns None if none comes next."""
        found = _match_quoted(self.text, self.position)
        if found:
            self.position = found.end()
            return found[1].replace('""', '"')
        if self.text.startswith('"', self.position):
            self.position = len(self.text)
            self.fail("a closing quote")
        return None

    def fail(self, expected: str, position: int | None = None) -> NoReturn:
        """Raise the error about what was expected at `position`, by default at the current position.

        Raises:
            DagflowInvalidSubsetError: Always.
        """
        line = re.sub(r"\s", " ", self.text)
        caret = " " * (self.position if position is None else position) + "^"
        message = f"cannot read the selection: expected {expected}"
        raise DagflowInvalidSubsetError(f"{message}\n    {line}\n    {caret}")
