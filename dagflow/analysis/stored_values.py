"""The values of a written test: as source where they are small, else as files beside the test."""

from __future__ import annotations

import io
import pickle
import re
import sys
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

from dagflow.analysis.python_source import Imports, Source, is_same, makes_equal, source_of

FILES = "FILES"
"""The name of the folder of the files in the source of a test."""
_MAX_NAME = 80


class StoredValue(NamedTuple):
    """A value in a written test.

    Attributes:
        source: The expression that makes or loads it; None if it can be neither written nor stored.
        comparison: How a test compares another value with it: a name in `COMPARISONS`.
        type_name: The name of its class.
    """

    source: Source | None
    comparison: str
    type_name: str


class ValueFiles:
    """The values of one test, and the content of the files for those that are no source.

    Args:
        imports: Receives the imports of the expressions.

    Attributes:
        content: The content of each file by name.
    """

    def __init__(self, imports: Imports) -> None:
        self._imports = imports
        self.content: dict[str, bytes] = {}

    def store(self, name: str, value: Any) -> StoredValue:
        """Return the expression for a value, and keep the file that it needs.

        Args:
            name: The name of the value, for its file.
            value: The value.
        """
        kind = type(value).__name__
        source = source_of(value, self._imports)
        if source is not None:
            comparison = EQUAL if makes_equal(source, self._imports, value) else BY_REPR
            return StoredValue(source, comparison, kind)
        found = self._as_frame(name, value) or self._as_pickle(name, value)
        return found or StoredValue(None, BY_TYPE, kind)

    def _as_frame(self, name: str, value: Any) -> StoredValue | None:
        """Store a table of pandas or polars as Parquet, if that keeps it."""
        library = type(value).__module__.partition(".")[0]
        module = sys.modules.get(library)
        if library not in ("pandas", "polars") or type(value).__name__ != "DataFrame" or module is None:
            return None
        write = "to_parquet" if library == "pandas" else "write_parquet"
        try:
            buffer = io.BytesIO()
            getattr(value, write)(buffer)
            restored = module.read_parquet(io.BytesIO(buffer.getvalue()))
            _frame_check(library)(restored, value)
        except Exception:  # no engine for Parquet, or a column that it cannot keep: a pickle can
            return None
        file = self._keep(name, "parquet", buffer.getvalue())
        return StoredValue(
            f"{self._imports.add(library)}.read_parquet({FILES} / {file})", library, "DataFrame"
        )

    def _as_pickle(self, name: str, value: Any) -> StoredValue | None:
        try:
            content = pickle.dumps(value)
            restored = pickle.loads(content)
        except Exception:  # of the value: it is not stored
            return None
        file = self._keep(name, "pickle", content)
        load = f"{self._imports.add('pickle')}.loads(({FILES} / {file}).read_bytes())"
        return StoredValue(load, _comparison_of(restored, value), type(value).__name__)

    def _keep(self, name: str, ending: str, content: bytes) -> str:
        self._imports.add("pathlib", "Path")
        stem = file_name(name)
        while f"{stem}.{ending}" in self.content:
            stem += "_"
        file = f"{stem}.{ending}"
        self.content[file] = content
        return f'"{file}"'


EQUAL, BY_REPR, BY_VARS, BY_TYPE, NUMPY = "equal", "repr", "vars", "type", "numpy"


def _comparison_of(restored: Any, value: Any) -> str:
    """Return how a value is compared with its copy, so that it passes."""
    if _equals(restored, value):
        return EQUAL
    library = type(value).__module__.partition(".")[0]
    kind = type(value).__name__
    if library in ("pandas", "polars") and kind in ("DataFrame", "Series"):
        return library
    if library == "numpy" and kind == "ndarray":
        return NUMPY
    if is_same(restored, value):
        return BY_REPR
    known = getattr(value, "__dict__", None)
    return BY_VARS if known and _equals(known, getattr(restored, "__dict__", None)) else BY_TYPE


def _equals(one: Any, other: Any) -> bool:
    try:
        return type(one) is type(other) and bool((one == other) is True)
    except Exception:  # of `__eq__` of the value
        return False


def _frame_check(library: str) -> Callable[[Any, Any], None]:
    from importlib import import_module

    check: Callable[[Any, Any], None] = import_module(f"{library}.testing").assert_frame_equal
    return check


def assertion(found: str, value: StoredValue, imports: Imports) -> str:
    """Return the line that compares an expression with the variable `expected`.

    Args:
        found: The expression.
        value: The expected value.
        imports: Receives the imports of the line.
    """
    comparison = value.comparison
    if value.source is None or comparison == BY_TYPE:
        return f'assert type({found}).__name__ == "{value.type_name}"'
    if comparison in ("pandas", "polars"):
        kind = "series" if value.type_name == "Series" else "frame"
        return f"{imports.add(f'{comparison}.testing')}.assert_{kind}_equal({found}, expected)"
    if comparison == NUMPY:
        return f"{imports.add('numpy')}.testing.assert_array_equal({found}, expected)"
    if comparison == EQUAL:
        return f"assert {found} == expected"
    return f"assert {comparison}({found}) == {comparison}(expected)"


def file_name(name: str) -> str:
    """Return a name that is safe as part of a path: letters, digits and underscores.

    A long name is cut, and gets a part of its hash.

    Example:
        >>> file_name("machine.brew[a]"), file_name("../brew")
        ('machine_brew_a', 'brew')
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "value"
    if len(plain) <= _MAX_NAME:
        return plain
    return f"{plain[:_MAX_NAME].rstrip('_')}_{sha256(name.encode()).hexdigest()[:8]}"
