"""The text form of a selection.

`parse_clause` reads one clause (`*a`, `a++`), which is all that the `op_selection` of a run takes.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from dagflow.errors import DagflowInvalidSubsetError
from dagflow.selection.resolve import ALL

_WORD = r"[A-Za-z0-9_]+"
_match_name = re.compile(rf"{_WORD}(?:[./]{_WORD})*(?:\[(?:{_WORD}|\?)\])?").match
_match_quoted = re.compile(r'"((?:[^"]|"")*)"').match
_match_steps = re.compile(r"\*|\++").match
_match_space = re.compile(r"\s*").match


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
    reader = Reader(text)
    up = reader.steps()
    name = reader.name()
    if name is None:
        if up != ALL or not reader.at_end():
            reader.fail("a name")
        return Clause(0, None, 0)
    clause = Clause(up, name, reader.steps())
    if not reader.at_end():
        reader.fail("'*', '+' or the end" if not clause.down else "the end")
    return clause


class Reader:
    """A text and the place up to which it was read. Nothing before `place` is looked at again."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.skip_space()

    def skip_space(self) -> None:
        """Go on to the next character that is no white space."""
        found = _match_space(self.text, self.place)
        self.place = found.end() if found else self.place

    def at_end(self) -> bool:
        """Whether nothing but white space is left."""
        self.skip_space()
        return self.place == len(self.text)

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

    def fail(self, expected: str) -> NoReturn:
        """Say what was expected here.

        Raises:
            DagflowInvalidSubsetError: Always.
        """
        line = re.sub(r"\s", " ", self.text)
        raise DagflowInvalidSubsetError(
            f"cannot read the selection '{line}': expected {expected}\n    {line}\n    {' ' * self.place}^"
        )
