"""The options of a comparison, and the comparison of two single values."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any

from pytest_dagflow.sequence.matchers import is_equal

_PLAIN = (int, float, str, bool, bytes)
_MAX_TEXT = 100


@dataclass(frozen=True)
class Options:
    """The options of a comparison.

    Attributes:
        rel: The allowed difference of two numbers, relative to the expected one.
        abs: The allowed absolute difference of two numbers.
        ignore_order: Whether the order of rows and elements is ignored.
        keys: The columns that identify a row. Empty: the index of a pandas table, or else the position.
        max_shown: The number of differences to show.
    """

    rel: float | None = None
    abs: float | None = None
    ignore_order: bool = False
    keys: Sequence[str] = ()
    max_shown: int = 5

    @property
    def is_strict(self) -> bool:
        """True if `==` decides."""
        return self.rel is None and self.abs is None and not self.ignore_order and not self.keys

    @property
    def has_tolerance(self) -> bool:
        """True if numbers may differ a little."""
        return self.rel is not None or self.abs is not None

    def is_same(self, expected: Any, actual: Any) -> bool:
        """Return whether two single values are equal, within the tolerance."""
        if expected is actual:
            return True
        if type(expected) in _PLAIN and type(actual) in _PLAIN and expected == actual:
            return True
        if self.has_tolerance and _is_number(expected) and _is_number(actual):
            return math.isclose(actual, expected, rel_tol=0, abs_tol=self._margin(expected))
        return is_equal(expected, actual)

    def _margin(self, expected: Any) -> float:
        return max((self.rel or 0) * math.fabs(expected), self.abs or 0)

    def is_same_cell(self, expected: Any, actual: Any, *, has_null: bool = False) -> bool:
        """Return whether two cells of a table are equal. Missing values (None, NaN, NA, NaT) are equal.

        Args:
            expected: The expected cell.
            actual: The actual cell.
            has_null: Whether None differs from NaN.
        """
        if expected is actual:
            return True
        if is_missing(expected) or is_missing(actual):
            if has_null and (expected is None) is not (actual is None):
                return False
            return is_missing(expected) and is_missing(actual)
        return self.is_same(expected, actual)


def is_missing(value: Any) -> bool:
    """Return whether a cell has no value: None, NaN, or NA and NaT of pandas.

    Example:
        >>> is_missing(None), is_missing(float("nan")), is_missing(0)
        (True, True, False)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and math.isnan(value)


def _is_number(value: object) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool | complex)


def short_cell(value: object) -> str:
    """Return a cell of a table in short: a time as ISO text, everything else as `short`.

    Example:
        >>> import datetime
        >>> short_cell(datetime.date(2026, 1, 31)), short_cell("2026")
        ('2026-01-31', "'2026'")
    """
    if isinstance(value, datetime.date | datetime.time) and not is_missing(value):
        return str(value)
    return short(value)


def short(value: object) -> str:
    """Return the `repr` of a value in one line, without its middle if it is long.

    Example:
        >>> short("beans"), len(short("x" * 1000))
        ("'beans'", 100)
    """
    try:
        text = " ".join(repr(value).split())
    except Exception as error:  # a value whose repr fails must not hide the difference
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    half = _MAX_TEXT // 2 - 2
    return text if len(text) <= _MAX_TEXT else f"{text[: half + 1]}...{text[-half:]}"
