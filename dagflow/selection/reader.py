"""The reading of names, values, signs and walks in the string of a selection."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from dagflow._util import nearest
from dagflow.errors import DagflowError
from dagflow.selection.tree import ALL, ATTRIBUTES, NAME, RESERVED, WORD, Pattern

_match_name = re.compile(NAME).match
_match_word = re.compile(WORD).match
_match_quoted = re.compile(r'"((?:[^"]|"")*)"').match
_match_up = re.compile(r"\*\+*|\++").match
_match_down = re.compile(r"\+*\*|\++").match
_match_levels = re.compile(r"(\d+)\s*\+\s*").match
_match_number = re.compile(r"\s*(\d+)").match
_match_space = re.compile(r"\s*").match
_match_call = re.compile(r"(\w+)\s*\(").match
_match_attribute = re.compile(r"(\w+)\s*:").match
_find_check = re.compile(rf'(?<![\w.:/"-])(?:check:)?({NAME}):({WORD})').finditer
_match_atom = re.compile(r'[\w"(*]').match


class Dialect(NamedTuple):
    """The differences between the entrances of the parser.

    Attributes:
        error: The class of the errors.
        name: The regex of a name in a clause.
        value: The regex of a value without quotes. `*` in it is a wildcard.
        key_value: The regex of such a value of `key:`.
        attributes: The attributes.
        functions: The functions.
        is_open: Whether an expression may contain clauses, commas and `*` as a walk.
    """

    error: type[DagflowError]
    name: re.Pattern[str]
    value: re.Pattern[str]
    key_value: re.Pattern[str]
    attributes: tuple[str, ...] = ATTRIBUTES
    functions: tuple[str, ...] = ()
    is_open: bool = True


class Reader:
    """A string, and the position up to which it was read. `position` only moves forward.

    `depth` is the number of expressions that are open at `position`.
    """

    def __init__(self, text: str, dialect: Dialect) -> None:
        self.text = text
        self.dialect = dialect
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

    def at(self, sign: str) -> bool:
        """Return whether `sign` comes next."""
        return self.text.startswith(sign, self.position)

    def at_atom(self) -> bool:
        """Return whether an atom can begin at the current position."""
        return _match_atom(self.text, self.position) is not None

    def at_name(self) -> bool:
        """Return whether a bare or quoted name begins here, and not an attribute or a call."""
        if not self.dialect.is_open or self.text.startswith(("(", "*"), self.position):
            return False
        return self.at_atom() and not self._at_term()

    def _at_term(self) -> bool:
        """Return whether an atom other than a name begins here."""
        if self.text.startswith(("(", "*"), self.position):
            return True
        call = _match_call(self.text, self.position)
        if call and call[1] in self.dialect.functions:
            return True
        return _match_attribute(self.text, self.position) is not None

    def at_digit(self) -> bool:
        """Return whether a digit comes next."""
        return self.text[self.position : self.position + 1].isdigit()

    def skip_space_before_term(self) -> None:
        """Skip white space in front of an atom other than a name. A mark is next to its name."""
        start = self.position
        self.skip_space()
        if not self._at_term():
            self.position = start

    def word(self) -> str:
        """Return the next word without reading it."""
        found = _match_word(self.text, self.position)
        return found[0] if found else ""

    def take(self, sign: str) -> bool:
        """Read `sign` if it comes next, after white space. Returns whether it did."""
        found = _match_space(self.text, self.position)
        start = found.end() if found else self.position
        if not self.text.startswith(sign, start):
            return False
        self.position = start + len(sign)
        return True

    def take_adjacent(self, sign: str) -> bool:
        """Read `sign` if it comes next, without white space. Returns whether it did."""
        if not self.text.startswith(sign, self.position):
            return False
        self.position += len(sign)
        return True

    def take_word(self, word: str) -> bool:
        """Read a keyword, in lower or upper case, if it is the next word. Returns whether it was."""
        self.skip_space()
        found = _match_name(self.text, self.position)
        if not found or found[0] not in (word, word.upper()):
            return False
        self.position = found.end()
        return True

    def take_call(self) -> str | None:
        """Read the name of a function and `(`. Returns None if no call of a known function comes next."""
        found = _match_call(self.text, self.position)
        if not found or found[1] not in self.dialect.functions:
            return None
        self.position = found.end()
        return found[1]

    def take_attribute(self) -> str | None:
        """Read the name of an attribute and `:`. Returns None if none comes next."""
        found = _match_attribute(self.text, self.position)
        if not found:
            return None
        if found[1] not in self.dialect.attributes:
            self.fail(f"one of {', '.join(self.dialect.attributes)} before ':'")
        self.position = found.end()
        return found[1]

    def up(self) -> str:
        """Read the mark of a walk up: `*`, `*+` or several `+`. Returns an empty string without a mark."""
        return self._marks(_match_up(self.text, self.position))

    def down(self) -> str:
        """Read the mark of a walk down: `*`, `+*` or several `+`. Returns an empty string without a mark."""
        return self._marks(_match_down(self.text, self.position))

    def _marks(self, found: re.Match[str] | None) -> str:
        if not found:
            return ""
        self.position = found.end()
        return found[0]

    def levels_up(self) -> int | None:
        """Read `2+` in front of an atom other than a name. Returns None if it does not come next."""
        found = _match_levels(self.text, self.position)
        if not found:
            return None
        start, self.position = self.position, found.end()
        levels = int(found[1])
        if self._at_term():
            return levels
        if found[0].endswith("+") and self.at_atom():
            mark = "+" * levels if levels < 9 else "*"
            self.fail(f"one '+' for each level of a name: '{mark}{self.word()}'", start)
        self.position = start
        return None

    def number(self) -> int | None:
        """Read a number after white space. Returns None if none comes next."""
        found = _match_number(self.text, self.position)
        if not found:
            return None
        self.position = found.end()
        return int(found[1])

    def name(self) -> str | None:
        """Read a name or a quoted string. Returns None if neither comes next."""
        found = self.dialect.name.match(self.text, self.position)
        if found:
            self.position = found.end()
            return found[0]
        return self.quoted() if self.dialect.is_open else None

    def pattern(self, attribute: str) -> Pattern:
        """Read the value of an attribute: a string with optional wildcards, or a quoted string."""
        self.skip_space()
        regex = self.dialect.key_value if attribute == "key" else self.dialect.value
        found = regex.match(self.text, self.position)
        if found and found[0] not in RESERVED:
            self.position = found.end()
            is_glob = ("*" in found[0] or "?" in found[0]) and not re.fullmatch(NAME, found[0])
            return Pattern(found[0], is_glob)
        text = self.quoted()
        if text is None:
            without = "a name (* and ? are wildcards)"
            if not self.dialect.is_open:
                without = "a word that begins with a letter"
            self.fail(f"a value: {without}, or any string in double quotes")
        return Pattern(text)

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
            DagflowError: Always; of the class of the dialect.
        """
        line = re.sub(r"\s", " ", self.text)
        caret = " " * (self.position if position is None else position) + "^"
        message = f"cannot read the selection: expected {expected}{self._hint_for_check()}"
        raise self.dialect.error(f"{message}\n    {line}\n    {caret}")

    def _hint_for_check(self) -> str:
        """Return how to write a check, if the text has `asset:check` without quotes."""
        if self.dialect.is_open and "check" in self.dialect.attributes:
            for found in _find_check(self.text):
                if not nearest(found[1], self.dialect.attributes):
                    return f'. A check is written check:"{found[1]}:{found[2]}"'
        return ""


def depth_of(mark: str) -> int:
    """Return the depth of the mark of a walk from a name.

    Example:
        >>> depth_of("++"), depth_of("*"), depth_of("")
        (2, -1, 0)
    """
    return ALL if "*" in mark else len(mark)
