"""The tree of a selection: a name, an attribute, a walk, a call, `and`, `or`, `not`...

Each part is a small value, independent of any graph. `parse` turns the `str` of a tree back into an equal
tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, Final

from dagflow.values import ByValue

ALL: Final = -1
"""The depth of a walk without a limit."""

ATTRIBUTES: Final = (
    "key",
    "op",
    "asset",
    "job",
    "graph",
    "group",
    "tag",
    "kind",
    "owner",
    "resource",
    "check",
    "schedule",
    "sensor",
    "partitions",
    "is",
)
"""The attributes that can be written before a colon to select nodes."""

ENDS: Final = ("sinks", "roots")
"""The functions of a selection in parentheses."""

CALLS: Final = ("changed", "new", "failed", "untested")
"""The functions without a selection in parentheses. A caller of the resolver gives them their meaning."""

FACETS: Final = (
    "code",
    "config",
    "types",
    "partitions",
    "resources",
    "retry",
    "hooks",
    "checks",
    "files",
    "env",
    "module",
    "packages",
)
"""The parts of a node that `changed(...)` can be narrowed to."""

RESERVED: Final = frozenset({"and", "or", "not", "AND", "OR", "NOT"})
"""The keywords of expressions. Inside an expression, a node with such a name is written in quotes."""

GLOBBED: Final = frozenset({"key", "asset", "group"})
"""The attributes whose values in quotes may have wildcards too."""

NULLABLE: Final = frozenset({
    "group", "kind", "owner", "partitions", "code_location", "column", "table_name", "changed_in_branch",
})  # fmt: skip
"""The attributes that can be compared with `<null>`."""

WORD: Final = r"\w(?:[\w-]*\w)?"
NAME: Final = rf"{WORD}(?:[./]{WORD})*(?:\[(?:{WORD}|\?)\](?!\w))?"
"""The regex of a name without quotes: words joined by dots or slashes, and an optional mapping key."""


class Selection(ByValue):
    """The base of all selections. The operators `&`, `|`, `-` and `~` combine them.

    Example:
        >>> str(Walk(Name("raw"), down=ALL) - Attribute("tag", Pattern("slow")))
        'raw* and not tag:slow'
    """

    __slots__ = ()
    binds: ClassVar[int] = 4
    """The precedence: `or` 0, `and` 1, `not` 2, a walk 3, all others 4."""

    def __and__(self, other: Selection) -> Selection:
        return And((self, other))

    def __or__(self, other: Selection) -> Selection:
        return Or((self, other))

    def __sub__(self, other: Selection) -> Selection:
        return And((self, Not(other)))

    def __invert__(self) -> Selection:
        return Not(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._values()))})"


class Everything(Selection):
    """`*`: all nodes."""

    __slots__ = ()

    def __str__(self) -> str:
        return "*"


class Name(Selection):
    """The nodes with a name, and the nodes inside them."""

    __slots__ = __match_args__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text: str = text

    def __str__(self) -> str:
        return written(self.text)


class Pattern(ByValue):
    """A string to match. The `wildcards` in it, `*` and `?`, have a meaning only if `is_glob`."""

    __slots__ = ("is_glob", "text", "wildcards")
    __repr__ = Selection.__repr__

    def __init__(self, text: str, is_glob: bool = False, wildcards: str = "*?") -> None:
        self.text: str = text
        self.is_glob: bool = is_glob
        self.wildcards: str = wildcards

    def matcher(self) -> Callable[[str], object]:
        """Return a function that returns something true for a string that matches this pattern."""
        if not self.is_glob:
            return self.text.__eq__
        wild = {"*": ".*", "?": "."}
        parts = [wild[char] if char in self.wildcards else re.escape(char) for char in self.text]
        return re.compile("".join(parts), re.DOTALL).fullmatch

    def __str__(self) -> str:
        return self.text if self.is_glob else written(self.text)


class Attribute(Selection):
    """`kind:dbt`, `tag:team=core`: the nodes with a matching attribute, and the nodes inside them.

    Attributes:
        attribute: The name of the attribute.
        value: The value; None for `<null>`: no value.
        tag_value: The value of a tag; None for an empty value.
    """

    __slots__ = ("attribute", "tag_value", "value")

    def __init__(self, attribute: str, value: Pattern | None, tag_value: Pattern | None = None) -> None:
        self.attribute: str = attribute
        self.value: Pattern | None = value
        self.tag_value: Pattern | None = tag_value

    @property
    def is_glob(self) -> bool:
        """Whether the value or the value of the tag has wildcards."""
        return any(pattern is not None and pattern.is_glob for pattern in (self._value(), self.tag_value))

    def _value(self) -> Pattern | None:
        """Return the value. A quoted value of some attributes may have `*` as a wildcard, but no `?`."""
        if self.value is None or self.value.is_glob or self.attribute not in GLOBBED:
            return self.value
        return Pattern(self.value.text, is_glob="*" in self.value.text, wildcards="*")

    @property
    def literal(self) -> str | None:
        """The only value that matches, as a graph stores it; None if several values may match."""
        return None if self.value is None or self.is_glob or self.attribute == "tag" else self.value.text

    def matcher(self) -> Callable[[str], object]:
        """Return a function that returns something true for a matching value.

        A tag is the string `key=value`, or `key` if its value is empty.
        """
        pattern = self._value()
        if pattern is None:
            return lambda value: False
        whole = pattern.matcher()
        if self.attribute != "tag":
            return whole
        if self.tag_value is None:
            return lambda tag: whole(tag.removesuffix("="))
        value = self.tag_value.matcher()
        return lambda tag: whole(tag.partition("=")[0]) and value(tag.partition("=")[2])

    def __str__(self) -> str:
        value = "<null>" if self.value is None else self.value
        return f"{self.attribute}:{value}" + (f"={self.tag_value}" if self.tag_value else "")


class Call(Selection):
    """`changed()`, `changed(code, since="main")`, `new()`, `failed()`, `untested()`: nodes by their history.

    Attributes:
        name: The name of the function, one of CALLS.
        facets: The arguments of `changed`: names in FACETS. Empty for all facets.
        since: The revision to compare with; None for the record of earlier sessions.
    """

    __slots__ = ("facets", "name", "since")

    def __init__(self, name: str, facets: tuple[str, ...] = (), since: str | None = None) -> None:
        self.name: str = name
        self.facets: tuple[str, ...] = facets
        self.since: str | None = since

    def __str__(self) -> str:
        arguments = [*self.facets, *([] if self.since is None else [f"since={quoted(self.since)}"])]
        return f"{self.name}({', '.join(arguments)})"


class Sinks(Selection):
    """`sinks(...)`: the selected nodes that no other selected node is downstream of."""

    __slots__ = __match_args__ = ("of",)

    def __init__(self, of: Selection) -> None:
        self.of: Selection = of

    def __str__(self) -> str:
        return f"sinks({self.of})"


class Roots(Selection):
    """`roots(...)`: the selected nodes that no other selected node is upstream of."""

    __slots__ = __match_args__ = ("of",)

    def __init__(self, of: Selection) -> None:
        self.of: Selection = of

    def __str__(self) -> str:
        return f"roots({self.of})"


class Walk(Selection):
    """A selection, and the depths of the walks up and down from it."""

    __slots__ = __match_args__ = ("of", "up", "down")
    binds = 3

    def __init__(self, of: Selection, up: int = 0, down: int = 0) -> None:
        self.of: Selection = of
        self.up: int = up
        self.down: int = down

    def __str__(self) -> str:
        if isinstance(self.of, Name):
            return _marks(self.up) + str(self.of) + _marks(self.down)
        # a mark next to `*` would be parsed as part of it
        of = f"({self.of})" if isinstance(self.of, Everything) else _inside(self.of, 4)
        up, down = _levels(self.up), _levels(self.down)
        if up is None and down is None:
            return f"0+{of}"
        return (f"{up}+" if up is not None else "") + of + (f"+{down}" if down is not None else "")


class Not(Selection):
    """`not`: all nodes except the selected ones."""

    __slots__ = __match_args__ = ("of",)
    binds = 2

    def __init__(self, of: Selection) -> None:
        self.of: Selection = of

    def __str__(self) -> str:
        return f"not {_inside(self.of, 2)}"


class And(Selection):
    """`and`: the nodes that all parts select."""

    __slots__ = __match_args__ = ("parts",)
    binds = 1

    def __init__(self, parts: tuple[Selection, ...]) -> None:
        self.parts: tuple[Selection, ...] = parts

    def __str__(self) -> str:
        return " and ".join(_inside(part, 2) for part in self.parts)


class Or(Selection):
    """`or`: the nodes that at least one part selects."""

    __slots__ = __match_args__ = ("parts",)
    binds = 0

    def __init__(self, parts: tuple[Selection, ...]) -> None:
        self.parts: tuple[Selection, ...] = parts

    def __str__(self) -> str:
        return " or ".join(_inside(part, 1) for part in self.parts)


def _inside(part: Selection, binds: int) -> str:
    return str(part) if part.binds >= binds else f"({part})"


def _marks(depth: int) -> str:
    """Return the mark of a walk from a name."""
    return "*" if depth == ALL else "+" * depth


def _levels(depth: int) -> str | None:
    """Return the number in the mark of a walk from a term, None without a walk."""
    return "" if depth == ALL else str(depth) if depth else None


def written(text: str) -> str:
    """Return a name as it is written in an expression, in quotes if necessary.

    Example:
        >>> written("brew"), written("and"), written("a b")
        ('brew', '"and"', '"a b"')
    """
    if re.fullmatch(NAME, text) and text not in RESERVED:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Return a string in quotes, as it is written in an expression.

    Example:
        >>> print(quoted('a "b" c'))
        "a ""b"" c"
    """
    return '"' + text.replace('"', '""') + '"'
