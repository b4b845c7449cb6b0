"""Benchmarks of the comparison of two tables of 1,000,000 rows and ten columns, for `--dag-against`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.against.tables import compare_tables

if TYPE_CHECKING:
    from collections.abc import Callable

_ROWS = 1_000_000
LIBRARIES = pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
EDITS = pytest.mark.parametrize("edit", ["equal", "some", "many", "shifted", "shuffled"])


@pytest.fixture(scope="module")
def frames() -> dict[str, Any]:
    """Return a frame of pandas without an edit, and the same frame with each of the edits."""
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    draw = numpy.random.default_rng(7)
    start = numpy.datetime64("2013-01-01", "s")
    old = pandas.DataFrame(
        {
            "line": draw.integers(0, 9, _ROWS),
            "code": [f"n{row:07d}" for row in range(_ROWS)],
            "city": [f"city {number}" for number in draw.integers(0, 50, _ROWS)],
            "price": draw.normal(size=_ROWS),
            "weight": draw.normal(size=_ROWS),
            "cups": draw.integers(0, 1000, _ROWS),
            "made": start + draw.integers(0, 10**7, _ROWS).astype("timedelta64[s]"),
            "sold": start + draw.integers(0, 10**7, _ROWS).astype("timedelta64[s]"),
            "is_hot": draw.integers(0, 2, _ROWS) > 0,
            "kind": pandas.Categorical(draw.choice(["tea", "coffee", "water"], _ROWS)),
        }
    )
    few = draw.choice(_ROWS, _ROWS // 100, replace=False)
    some = old.copy()
    some.loc[few, "price"] += 1
    some.loc[few[: _ROWS // 200], "city"] = "another city"
    many = old.assign(price=old["price"] * 2, cups=old["cups"] + 1, city=old["city"] + "!")
    return {
        "old": old,
        "equal": old.copy(deep=True),
        "some": some,
        "many": many,
        "shifted": some.drop(few[:5000]).reset_index(drop=True),
        "shuffled": many.sample(frac=1, random_state=1).reset_index(drop=True),
    }


def _convert(library: str, frame: Any) -> Any:
    if library == "pandas":
        return frame
    if library == "polars":
        return pytest.importorskip("polars").from_pandas(frame)
    return pytest.importorskip("pyarrow").Table.from_pandas(frame, preserve_index=False)


@LIBRARIES
@EDITS
def test_comparison(measure: Callable[..., Any], frames: dict[str, Any], library: str, edit: str) -> None:
    """Measure a comparison that finds the keys."""
    old, new = _convert(library, frames["old"]), _convert(library, frames[edit])

    change = measure(f"against_{library}_{edit}", "dagflow", lambda: compare_tables(old, new), rounds=3)

    assert (change is None) is (edit == "equal")
    assert change is None or change.keys == ("code",)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@EDITS
def test_datacompy(measure: Callable[..., Any], frames: dict[str, Any], library: str, edit: str) -> None:
    """Measure datacompy, with the declared key."""
    datacompy = pytest.importorskip("datacompy")
    compare = datacompy.PandasCompare if library == "pandas" else datacompy.PolarsCompare
    old, new = _convert(library, frames["old"]), _convert(library, frames[edit])

    report = measure(
        f"against_{library}_{edit}",
        "datacompy",
        lambda: compare(old, new, join_columns="code").report(),
        rounds=1,
    )

    assert report
