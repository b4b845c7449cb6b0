"""The reading of names, values, signs and walks in the string of a selection."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

from dagflow._util import nearest
from dagflow.errors import DagflowError
from dagflow.selection.tree import ALL, ATTRIBUTES, NAME, RESERVED, WORD, Pattern, quoted

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
_match_check = re.compile(rf"(?:check:)?({NAME}):({WORD})").fullmatch
_match_glob = re.compile(r"[\w./*?-]*[*?][\w./*?-]*").fullmatch
_match_atom = re.compile(r'[\w"(*]').match
_find_separator = re.compile(r"[\s(),]").search
_MAX_DIGITS = 9
_MAX_SHOWN = 60


class Dialect(NamedTuple):
    """The differences between the entrances of the parser.

    Attributes:
        error: The class of the errors.
        name: The regex of a name in a clause.
        value: The regex of a value without quotes. `*` in it is a wildcard.
        key_value: The regex of such a value of `key:`.
        attributes: The attributes.
        functions: The functions.
        keywords: The words that are no value without quotes.
        is_open: Whether an expression may contain clauses, commas and `*` as a walk.
    """

    error: type[DagflowError]
    name: re.Pattern[str]
    value: re.Pattern[str]
    key_value: re.Pattern[str]
    attributes: tuple[str, ...] = ATTRIBUTES
    functions: tuple[str, ...] = ()
    keywords: frozenset[str] = RESERVED
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

    def take_match(self, regex: re.Pattern[str]) -> str | None:
        """Read the text that a regex matches here. Returns None if it does not match."""
        found = regex.match(self.text, self.position)
        if not found:
            return None
        self.position = found.end()
        return found[0]

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
        if not found or found[1] in RESERVED:
            return None
        if found[1] not in self.dialect.functions:
            self.fail(f"one of {', '.join(self.dialect.functions)} before '('", known=self.dialect.functions)
        self.position = found.end()
        return found[1]

    def take_attribute(self) -> str | None:
        """Read the name of an attribute and `:`. Returns None if none comes next."""
        found = _match_attribute(self.text, self.position)
        if not found:
            return None
        if found[1] not in self.dialect.attributes:
            self.fail(
                f"one of {', '.join(self.dialect.attributes)} before ':'", known=self.dialect.attributes
            )
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
        levels = self._int(found[1], start)
        if self._at_term():
            return levels
        if found[0].endswith("+") and self.at_atom():
            self.fail(f"{form_of_levels(levels)}{self.word()}'", start)
        self.position = start
        return None

    def number(self) -> int | None:
        """Read a number after white space. Returns None if none comes next."""
        found = _match_number(self.text, self.position)
        if not found:
            return None
        self.position = found.end()
        return self._int(found[1], found.start(1))

    def _int(self, digits: str, start: int) -> int:
        if len(digits) > _MAX_DIGITS:
            self.fail(f"a number of at most {_MAX_DIGITS} digits", start)
        return int(digits)

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
        if found and found[0] not in self.dialect.keywords:
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

    def fail(self, expected: str, position: int | None = None, known: Iterable[str] = ()) -> NoReturn:
        """Raise the error about what was expected at `position`, by default at the current position.

        Args:
            expected: What was expected.
            position: The position.
            known: The words that are valid there. The message has those that are similar to the word there.

        Raises:
            DagflowError: Always; of the class of the dialect.
        """
        position = self.position if position is None else position
        hint = nearest(self.word(), known)
        hint = f".{hint}" if hint else self._hint(position)
        line, caret = _shown(self.text, position)
        raise self.dialect.error(
            f"cannot read the selection: expected {expected}{hint}\n    {line}\n    {caret}"
        )

    def _hint(self, position: int) -> str:
        """Return how to write the check or the glob that the text has at a position."""
        part = _part_around(self.text, position)
        check = _match_check(part) if "check" in self.dialect.attributes else None
        if check and not nearest(check[1], self.dialect.attributes):
            return f". A check is written check:{quoted(f'{check[1]}:{check[2]}')}"
        glob = part if part.startswith("*.") else part.strip("*+")  # marks of walks are not part of it
        is_glob = "key" in self.dialect.attributes and len(glob) <= _MAX_SHOWN and _match_glob(glob)
        if is_glob and "?" not in glob:
            return f". A glob is written key:{quoted(glob)}"
        if is_glob and self.dialect.is_open:  # elsewhere `?` is no wildcard
            return f". A glob is written key:{glob}"
        return ""


def _part_around(text: str, position: int) -> str:
    """Return the part of a text at a position, up to white space, a comma or parentheses on both sides."""
    start = 1 + max(text.rfind(sign, 0, position) for sign in " \t\n(),")
    end = _find_separator(text, position)
    return text[start : min(end.start() if end else len(text), start + 2 * _MAX_SHOWN)]


def _shown(text: str, position: int) -> tuple[str, str]:
    """Return one line with the text around a position, and a line with a caret at the position."""
    first, last = max(position - _MAX_SHOWN, 0), position + _MAX_SHOWN
    before = "..." if first > 0 else ""
    after = "..." if last < len(text) else ""
    left, right = text[first:position], text[position:last]
    shown = "".join(char if char.isprintable() else " " for char in left + right)
    return f"{before}{shown}{after}", " " * (len(before) + sum(map(_width, left))) + "^"


def _width(char: str) -> int:
    """Return the number of columns of a character in a terminal."""
    if char.isascii():
        return 1
    import unicodedata  # imported lazily: only error messages about other scripts use it

    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def form_of_levels(levels: int) -> str:
    """Return how to write the levels of a walk from a name, without a closing quote.

    Example:
        >>> form_of_levels(2), form_of_levels(0)
        ("one '+' for each level of a name: '++", "no '+' for no level: '")
    """
    if not levels:
        return "no '+' for no level: '"
    return f"one '+' for each level of a name: '{'+' * levels if levels < 9 else '*'}"


def depth_of(mark: str) -> int:
    """Return the depth of the mark of a walk from a name.

    Example:
        >>> depth_of("++"), depth_of("*"), depth_of("")
        (2, -1, 0)
    """
    return ALL if "*" in mark else len(mark)
