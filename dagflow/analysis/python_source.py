"""Python source of values, and its layout: as the formatters ruff and black leave it."""

from __future__ import annotations

import ast
import enum
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any, NamedTuple
from uuid import UUID

WIDTH = 88
"""The line length, the default of the formatters."""
_MAX_LENGTH = 800
_MAX_DEPTH = 20


_OWNERS = {
    **dict.fromkeys(("context", "expected", "output", "outputs", "part", "FILES"), ""),
    **dict.fromkeys(("build_asset_check_context", "build_asset_context", "build_op_context"), "dagflow"),
    "outputs_of": "dagflow.testing",
    "Path": "pathlib",
    "pytest": "",
    "pickle": "",
}
"""The names that a written test uses itself, and the modules that may provide them."""


class Imports:
    """The imports that source needs, by module; an empty name imports the module itself.

    Args:
        outer: The imports that this one will be added to; its names are not used for anything else.

    Attributes:
        names: The names by module.
        folders: The folders that must be searched for the modules, beside those that Python searches.
    """

    def __init__(self, outer: Imports | None = None) -> None:
        self.names: dict[str, set[str]] = {}
        self.folders: set[Path] = set()
        self._outer = outer

    def add(self, module: str, name: str = "") -> str:
        """Import a name, and return the text by which source refers to it.

        A name that stands for something else already, or would be collected as a test, is an attribute of
        its module.
        """
        if name and (self._is_taken(module, name) or name.startswith(("test", "Test"))):
            return f"{self.add(module)}.{name}"
        self.names.setdefault(module, set()).add(name)
        return name or module

    def _is_taken(self, module: str, name: str) -> bool:
        if _OWNERS.get(name, module) != module:
            return True
        if any(name in names and other != module for other, names in self.names.items()):
            return True
        return self._outer is not None and self._outer._is_taken(module, name)  # noqa: SLF001 - its own class

    def update(self, other: Imports) -> None:
        """Add the imports of other source."""
        for module, names in other.names.items():
            self.names.setdefault(module, set()).update(names)

    def lines(self) -> list[str]:
        """Return the statements, sorted, with those of the standard library in a block of their own."""
        standard, others = self.blocks()
        return [*standard, *([""] if standard and others else []), *others]

    def blocks(self) -> tuple[list[str], list[str]]:
        """Return the statements for the standard library, and those for other modules."""
        blocks: list[list[str]] = [[], []]
        for module in sorted(self.names, key=lambda module: (_has_import(self.names[module]), module)):
            block = blocks[module.partition(".")[0] not in sys.stdlib_module_names]
            names = sorted(filter(None, self.names[module]), key=lambda name: (not name.isupper(), name))
            if "" in self.names[module]:
                block.append(f"import {module}")
            if names:
                block += Group(f"from {module} import ", names, "", "(", ")").lines()
        return blocks[0], blocks[1]


def _has_import(names: set[str]) -> bool:
    return "" not in names


class Group(NamedTuple):
    """A call or a collection: text, an opening bracket, items, a closing bracket, text.

    Attributes:
        before: The text before the items, with the bracket unless `open` is given.
        items: The items: text or groups.
        after: The text behind the items, with the bracket unless `close` is given.
        open, close: Brackets that are needed only if the items do not fit into one line.
    """

    before: str
    items: Sequence[str | Group]
    after: str
    open: str = ""
    close: str = ""

    @property
    def is_call(self) -> bool:
        """Whether the items are arguments, which may share one line. Those of a collection never do."""
        return self.before.endswith("(") and self.before[-2:-1].isidentifier()

    def one_line(self) -> str:
        """Return the source in one line."""
        return f"{self.before}{', '.join(map(in_one_line, self.items))}{self.after}"

    def lines(self, indent: str = "", end: str = "") -> list[str]:
        """Return the source in lines that fit, where possible.

        Args:
            indent: The indentation.
            end: The text behind it, such as a comma.
        """
        line = f"{indent}{self.one_line()}{end}"
        if len(line) <= WIDTH or not self.items:
            return [line]
        inner = indent + "    "
        first, last = (
            f"{indent}{self.before}{self.open}",
            f"{indent}{self.close}{self.after.lstrip(',')}{end}",
        )
        body = f"{inner}{', '.join(map(in_one_line, self.items))}"
        if self.is_call and len(body) <= WIDTH:
            return [first, body, last]
        rest = [
            line
            for item in self.items
            for line in (item.lines(inner, ",") if isinstance(item, Group) else [f"{inner}{item},"])
        ]
        return [first, *rest, last]

    def with_text(self, before: str, after: str = "") -> Group:
        """Return the group with more text before and behind it."""
        return self._replace(before=before + self.before, after=self.after + after)


Source = str | Group


def in_one_line(source: Source | None) -> str:
    """Return source in one line."""
    return source.one_line() if isinstance(source, Group) else str(source)


def with_text(before: str, source: Source) -> Source:
    """Return source with text before it, as the name of an argument."""
    return source.with_text(before) if isinstance(source, Group) else before + source


def lines_of(source: Source, indent: str = "") -> list[str]:
    """Return the lines of source."""
    return source.lines(indent) if isinstance(source, Group) else [indent + source]


def string_source(text: str) -> str:
    """Return a string literal with double quotes, unless single quotes need fewer escapes."""
    source = repr(text)
    if source[0] == '"' or text.count('"') > text.count("'"):
        return source
    other = {"\\'": "'", '"': '\\"'}
    return '"' + re.sub(r'\\.|"', lambda found: other.get(found[0], found[0]), source[1:-1]) + '"'


def source_of(value: Any, imports: Imports) -> Source | None:
    """Return the source of a small value of which Python code makes an equal one; None for any other value.

    Args:
        value: The value: literals, containers, dates, decimals, paths, UUIDs, enums, dataclasses and named
            tuples of classes that can be imported.
        imports: Receives the imports that the source needs.

    Example:
        >>> from datetime import date
        >>> imports = Imports()
        >>> source_of({"day": date(2024, 1, 5)}, imports).one_line(), imports.lines()
        ('{"day": date(2024, 1, 5)}', ['from datetime import date'])
        >>> source_of(object(), imports)
    """
    needed = Imports(imports)
    try:
        source = _source(value, needed, 0)
        if source is None or len(in_one_line(source)) > _MAX_LENGTH:
            return None
        if not is_same(_evaluated(in_one_line(source), needed), value):
            return None
    except Exception:  # of a method of the value, such as __eq__: it is stored in another way
        return None
    imports.update(needed)
    return source


def makes_equal(source: Source, imports: Imports, value: Any) -> bool:
    """Return whether source of `source_of` makes a value that equals another one; it does not with NaN."""
    return (_evaluated(in_one_line(source), imports) == value) is True


def _evaluated(source: str, imports: Imports) -> Any:
    """Return the value of source that this module made."""
    names = {
        name or module.partition(".")[0]: getattr(sys.modules[module], name) if name else sys.modules[module]
        for module, found in imports.names.items()
        for name in found
        if module in sys.modules  # that of a fake may be missing
    }
    return eval(source, names)


def is_same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, or have one text that shows all of them, as with NaN."""
    if type(one) is not type(other):
        return False
    if (one == other) is True:
        return True
    return repr(one) == repr(other) and " at 0x" not in repr(one)


def importable(value: Any, imports: Imports) -> str | None:
    """Import a class by its module and name, and return its name; None if it has no such name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if module in (None, "__main__", "builtins") or not name.isidentifier():
        return None
    if getattr(sys.modules.get(module), name, None) is not value:
        return None
    return imports.add(module, name)


def _source(value: Any, imports: Imports, depth: int) -> Source | None:
    if depth > _MAX_DEPTH:
        return None
    kind = type(value)
    if value is None or kind in (bool, int, bytes, complex):
        source = repr(value)
        return source if is_same(ast.literal_eval(source), value) else None
    if kind is str:
        return string_source(value)
    if kind is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](value, imports, depth + 1)
    if kind in _CALLS:
        return _call(imports.add(kind.__module__, kind.__name__), _CALLS[kind](value), {}, imports, depth)
    if kind in (datetime, time):
        return _moment(value, imports)
    if kind is timezone and value is timezone.utc:
        return f"{imports.add('datetime', 'timezone')}.utc"
    if isinstance(value, PurePath):
        return f"{imports.add('pathlib', kind.__name__)}({string_source(str(value))})"
    name = importable(kind, imports)
    if name is None:
        return None
    if isinstance(value, enum.Enum):
        return f"{name}.{value.name}" if value.name and value.name.isidentifier() else None
    if is_dataclass(value):
        arguments = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        return _call(name, (), arguments, imports, depth)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):  # a named tuple
        return _call(name, (), value._asdict(), imports, depth)
    return None


def _call(
    name: str, positional: Iterable[Any], named: Mapping[str, Any], imports: Imports, depth: int
) -> Source | None:
    items: list[Source] = []
    for key, value in [*(("", value) for value in positional), *((f"{key}=", named[key]) for key in named)]:
        source = _source(value, imports, depth + 1)
        if source is None:
            return None
        items.append(with_text(key, source))
    return Group(f"{name}(", items, ")")


def _items(values: Iterable[Any], imports: Imports, depth: int) -> list[Source] | None:
    found = [_source(value, imports, depth) for value in values]
    return None if None in found else [source for source in found if source is not None]


def _list(value: list[Any], imports: Imports, depth: int) -> Source | None:
    items = _items(value, imports, depth)
    return None if items is None else Group("[", items, "]")


def _tuple(value: tuple[Any, ...], imports: Imports, depth: int) -> Source | None:
    items = _items(value, imports, depth)
    if items is None:
        return None
    return Group("(", items, ",)" if len(items) == 1 else ")")


def _set(value: Any, imports: Imports, depth: int) -> Source | None:
    try:
        values = sorted(value)
    except TypeError:
        values = sorted(value, key=repr)
    items = _items(values, imports, depth)
    if items is None:
        return None
    is_frozen = isinstance(value, frozenset)
    if not items:
        return "frozenset()" if is_frozen else "set()"
    found = Group("{", items, "}")
    return Group("frozenset(", [found], ")") if is_frozen else found


def _dict(value: dict[Any, Any], imports: Imports, depth: int) -> Source | None:
    keys, values = _items(value, imports, depth), _items(value.values(), imports, depth)
    if keys is None or values is None:
        return None
    return Group(
        "{", [with_text(f"{in_one_line(key)}: ", of) for key, of in zip(keys, values, strict=True)], "}"
    )


def _moment(value: Any, imports: Imports) -> Source | None:
    """Return the source of a datetime or time, without a time zone or in UTC."""
    zone = value.tzinfo
    if zone is not None and zone is not timezone.utc:
        return None
    parts = [value.year, value.month, value.day] if isinstance(value, datetime) else []
    clock = [value.hour, value.minute, value.second, value.microsecond]
    while clock and clock[-1] == 0 and len(parts) + len(clock) > 1:
        clock.pop()
    items = [*map(str, parts), *map(str, clock)]
    if value.fold:
        items.append("fold=1")
    if zone is not None:
        items.append(f"tzinfo={imports.add('datetime', 'timezone')}.utc")
    return f"{imports.add('datetime', type(value).__name__)}({', '.join(items)})"


_CONTAINERS: dict[type, Callable[[Any, Imports, int], Source | None]] = {
    list: _list,
    tuple: _tuple,
    set: _set,
    frozenset: _set,
    dict: _dict,
}
_CALLS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    date: lambda value: (value.year, value.month, value.day),
    timedelta: lambda value: (value.days, value.seconds, value.microseconds),
    Decimal: lambda value: (str(value),),
    UUID: lambda value: (str(value),),
}
