"""The tolerance of a comparison of values, and the comparison of two single cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from pytest_dagflow.values.equality import Options, is_missing

_MAX_DEPTH = 50


@dataclass(frozen=True)
class Tolerance:
    """The allowed differences, the ignored columns, and the columns that match rows.

    Attributes:
        rel: The allowed difference of two numbers, relative to the old one.
        abs: The allowed absolute difference of two numbers.
        ignored: The names of columns and of dict keys that are not compared. They may be globs ("loaded_*").
        keys: The columns that identify a row. Empty: the keys are searched.
    """

    rel: float | None = None
    abs: float | None = None
    ignored: frozenset[str] = field(default_factory=frozenset)
    keys: tuple[str, ...] = ()

    @property
    def has_margin(self) -> bool:
        """Whether numbers may differ a little."""
        return self.rel is not None or self.abs is not None

    def is_ignored(self, name: object) -> bool:
        """Return whether a column or a dict key is ignored.

        Example:
            >>> Tolerance(ignored=frozenset({"loaded_*"})).is_ignored("loaded_at")
            True
        """
        return any(fnmatchcase(str(name), glob) for glob in self.ignored)

    def are_same(self, old: Any, new: Any, *, has_null: bool = False) -> bool:
        """Return whether two cells are equal. Numbers inside of lists, dicts and arrays may differ a little.

        Args:
            old: The old cell.
            new: The new cell.
            has_null: Whether None differs from NaN.

        Example:
            >>> Tolerance().are_same([1.0, float("nan")], [1.0, float("nan")])
            True
            >>> Tolerance(abs=0.1).are_same({"x": 1.0}, {"x": 1.05})
            True
        """
        return self._are_same(old, new, has_null, 0)

    @cached_property
    def _options(self) -> Options:
        return Options(self.rel, self.abs)

    def _are_same(self, old: Any, new: Any, has_null: bool, depth: int) -> bool:
        if old is new:
            return True
        old, new = _plain(old), _plain(new)
        if type(old) is type(new) and isinstance(old, list | tuple | Mapping) and depth < _MAX_DEPTH:
            if len(old) != len(new):
                return False
            if not isinstance(old, Mapping):
                pairs = zip(old, new, strict=True)
                return all(self._are_same(one, other, has_null, depth + 1) for one, other in pairs)
            return all(
                key in new and self._are_same(value, new[key], has_null, depth + 1)
                for key, value in old.items()
            )
        try:
            if self._options.is_same_cell(old, new, has_null=has_null):
                return True
        except Exception:  # `==` of another library raises, or returns no truth value
            pass
        else:
            if is_missing(old) or is_missing(new) or isinstance(old, str | int | float):
                return False
        return type(old) is type(new) and _repr(old) == _repr(new)


def _plain(value: Any) -> Any:
    """Return an array or a nested column as a list."""
    if type(value).__module__.partition(".")[0] in ("numpy", "pandas", "polars", "pyarrow"):
        for method in ("tolist", "to_list", "to_pylist", "as_py"):
            read = getattr(value, method, None)
            if read is not None:
                return read()
    return value


def _repr(value: object) -> str:
    """Return the `repr` of a value; the text of its address if that raises, which is equal to no other."""
    try:
        return repr(value)
    except Exception:
        return object.__repr__(value)
