"""Tests of the source of values and its layout."""

from __future__ import annotations

import dataclasses
import enum
import shutil
import subprocess
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.analysis.python_source import Imports, in_one_line, lines_of, source_of, with_text


class Size(enum.Enum):
    """A class of enum members."""

    SMALL = 1


@dataclasses.dataclass
class Cup:
    """A dataclass."""

    size: Size
    days: tuple[date, ...] = ()


class Point(NamedTuple):
    """A named tuple."""

    x: int
    y: float


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("a 'b'", "\"a 'b'\""),
        ('"', "'\"'"),
        ((1,), "(1,)"),
        (set(), "set()"),
        (frozenset({2, 1}), "frozenset({1, 2})"),
        (float("inf"), 'float("inf")'),
        (datetime(2024, 1, 5, 6, tzinfo=timezone.utc), "datetime(2024, 1, 5, 6, tzinfo=timezone.utc)"),
        (time(0), "time(0)"),
        (timedelta(hours=1), "timedelta(0, 3600, 0)"),
        (Decimal("1.50"), 'Decimal("1.50")'),
        (Cup(Size.SMALL, (date(2024, 1, 5),)), "Cup(size=Size.SMALL, days=(date(2024, 1, 5),))"),
        (Point(1, 0.5), "Point(x=1, y=0.5)"),
    ],
)
def test_the_source_of_a_value(value: Any, source: str):
    """Source reads as a person would write it."""
    assert in_one_line(source_of(value, Imports())) == source


def cyclic() -> list[Any]:
    """Return a list that holds itself."""
    found: list[Any] = []
    found.append(found)
    return found


class Local:
    """A class whose objects have no source."""


@pytest.mark.parametrize(
    "value", [object(), Local(), cyclic(), "x" * 5000, [Local], type("T", (int,), {})(3)]
)
def test_other_values_have_no_source(value: Any):
    """A value is left out unless source makes an equal one."""
    imports = Imports()

    assert source_of(value, imports) is None
    assert imports.names == {}


def test_a_name_of_two_modules_is_imported_once():
    """The second one is an attribute of its module; so is a name that a test uses itself."""
    imports = Imports()

    names = [imports.add("shop", "Cup"), imports.add("bar", "Cup"), imports.add("bar", "expected")]

    assert names == ["Cup", "bar.Cup", "bar.expected"]
    assert imports.lines() == ["import bar", "from shop import Cup"]


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=30),
        st.binary(max_size=10),
        st.dates(),
        st.datetimes(),
        st.decimals(allow_nan=False),
        st.uuids(),
        st.builds(Cup, st.just(Size.SMALL), st.just(())),
        st.builds(Point, st.integers(), st.floats(allow_nan=False)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=20), inner, max_size=4),
    ),
    max_leaves=15,
)


@given(value=VALUES)
def test_source_makes_an_equal_value_of_the_same_type(value: Any):
    """The lines of a long value are source of the same value."""
    imports = Imports()
    source = source_of(value, imports)
    if source is None:  # too long
        assert len(repr(value)) > 300
        return
    names: dict[str, Any] = {}
    exec("\n".join([*imports.lines(), *lines_of(with_text("found = ", source))]), names)

    assert names["found"] == value
    assert type(names["found"]) is type(value)


@pytest.mark.skipif(shutil.which("ruff", path=str(Path(sys.executable).parent)) is None, reason="needs ruff")
def test_the_layout_is_that_of_the_formatter(tmp_path: Path):
    """Calls keep their arguments in one line, if they fit; collections have a line for each item."""
    long = "a text of some length"
    values: list[Any] = [
        [long] * 5,
        {long: [1, 2], f"{long}!": {long: (long,), "b": [long] * 5}},
        Cup(Size.SMALL, tuple(date(2024, 1, day) for day in range(1, 9))),
        [Cup(Size.SMALL), Cup(Size.SMALL, (date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)))],
        (tuple([long] * 5),),
        frozenset({f"{long}{number}" for number in range(5)}),
        UUID(int=5),
        {"it's": 'say "hi"', "both": "'\""},
    ]
    imports = Imports()
    sources = [source_of(value, imports) for value in values]
    lines = [line for source in sources if source for line in lines_of(with_text("value = ", source))]
    file = tmp_path / "values.py"
    file.write_text("\n".join([*imports.lines(), "", *lines]) + "\n")

    command = [str(Path(sys.executable).parent / "ruff"), "format", "--isolated", "--diff", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout
