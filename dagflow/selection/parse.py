"""The text form of a selection.

    expression := both (('or' | ',') both)*        both := negated ('and' negated)*
    negated := 'not' negated | walk                walk := up? atom down?
    atom := name | attribute ':' value | sinks(expression) | roots(expression)
            | changed() | (expression) | *

`parse_clause` reads one clause, a name with its walks (`*a`, `a++`), which is all that the `op_selection` of
a run takes; `parse_selection` reads a whole expression. Both read names and walks with one `_Reader`, so that
a clause means one thing everywhere.
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
    """One name, and how far to walk from it. `name` is None where everything is meant."""

    up: int
    name: str | None
    down: int


def parse_clause(text: str) -> Clause:
    """Read one clause: `<up><name><down>`, or `*` for everything.

    Args:
        text: `a`, `*a` (and all ancestors), `+a` (and its parents), `a++` (and two levels of children),
            `a*` (and all descendants), any of both sides together, or `*`.

    Raises:
        DagflowInvalidSubsetError: The text is no clause; the message shows where and what was expected.

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
    """Read an expression over the nodes of a graph.

    Args:
        text: Names with walks as in `parse_clause`, attributes (`tag:team=core`, `key:raw_*`), `sinks(...)`,
            `roots(...)`, `changed()`, `and`, `or`, `not`, commas (which mean `or`) and parentheses.

    Returns:
        A tree whose `str` reads back as an equal tree.

    Raises:
        DagflowInvalidSubsetError: The text cannot be read; the message shows where and what was expected.

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
    if up == ALL and not reader.at_atom():  # a lone `*` is no walk
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
    start = reader.place
    name = reader.name() or ""
    if reader.text[start] == '"':
        return tree.Name(name)
    if reader.text.startswith(":", reader.place):
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
    place = reader.place
    if (tag_value or value).is_glob and reader.steps():
        walk = reader.text[place : reader.place]
        reader.fail(f"no walk right after a wildcard: write '({selection}){walk}'", place)
    return selection


class _Reader:
    """A text and the place up to which it was read. Nothing before `place` is read again.

    `depth` counts the expressions that are open around it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.depth = 0
        self.skip_space()

    def skip_space(self) -> None:
        """Go on to the next character that is no white space."""
        found = _match_space(self.text, self.place)
        self.place = found.end() if found else self.place

    def at_end(self) -> bool:
        """Whether nothing but white space is left."""
        self.skip_space()
        return self.place == len(self.text)

    def at_atom(self) -> bool:
        """Whether what comes next may begin an atom."""
        return _match_atom(self.text, self.place) is not None

    def take(self, sign: str) -> bool:
        """Read `sign` if it comes next."""
        if sign in "(),":
            self.skip_space()
        if not self.text.startswith(sign, self.place):
            return False
        self.place += len(sign)
        return True

    def take_word(self, word: str) -> bool:
        """Read `word` if it is the whole word that comes next."""
        self.skip_space()
        found = _match_name(self.text, self.place)
        if not found or found[0] != word:
            return False
        self.place = found.end()
        return True

    def steps(self) -> int:
        """Read the mark of a walk, `*` or some `+`: its depth, and 0 where there is none."""
        found = _match_steps(self.text, self.place)
        if not found:
            return 0
        self.place = found.end()
        return ALL if found[0] == "*" else len(found[0])

    def name(self) -> str | None:
        """Read a name, or a text in double quotes; None where there is neither."""
        found = _match_name(self.text, self.place)
        if found:
            self.place = found.end()
            return found[0]
        return self.quoted()

    def pattern(self) -> tree.Pattern:
        """Read the value of an attribute: a name that may hold wildcards, or a text in double quotes."""
        found = _match_glob(self.text, self.place)
        if found and found[0] not in RESERVED:
            self.place = found.end()
            return tree.Pattern(found[0], is_glob=not re.fullmatch(NAME, found[0]))
        text = self.quoted()
        if text is None:
            self.fail("a value: a name (* and ? are wildcards), or any text in double quotes")
        return tree.Pattern(text)

    def quoted(self) -> str | None:
        """Read a text in double quotes, where two quotes stand for one; None where there is none."""
        found = _match_quoted(self.text, self.place)
        if found:
            self.place = found.end()
            return found[1].replace('""', '"')
        if self.text.startswith('"', self.place):
            self.place = len(self.text)
            self.fail("a closing quote")
        return None

    def fail(self, expected: str, place: int | None = None) -> NoReturn:
        """Say what was expected here, or at `place`.

        Raises:
            DagflowInvalidSubsetError: Always.
        """
        line = re.sub(r"\s", " ", self.text)
        caret = " " * (self.place if place is None else place) + "^"
        message = f"cannot read the selection: expected {expected}"
        raise DagflowInvalidSubsetError(f"{message}\n    {line}\n    {caret}")
