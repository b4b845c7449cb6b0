"""Mappings along two dimensions, and the default mapping."""

from __future__ import annotations

import pytest

from dagflow.errors import (
    CheckError,
    DagflowInvariantViolationError,
    ElementCheckError,
    ParameterCheckError,
)
from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
)
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.mapping import PartitionMapping
from dagflow.partitions.mappings import (
    AllPartitionMapping,
    IdentityPartitionMapping,
)
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.multi_mapping import (
    DimensionPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
    default_mapping,
    depends_on_earlier_windows,
)
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.window_mapping import TimeWindowPartitionMapping

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01")
HOURS = HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2024-02-01-00:00")
MONTHS = MonthlyPartitionsDefinition("2024-01-01", end_date="2024-05-01")
LETTERS = StaticPartitionsDefinition(["a", "b"])
PAIRS = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS})


def _default(
    keys: list[str], downstream: PartitionsDefinition | None, upstream: PartitionsDefinition
) -> list[str]:
    mapping = default_mapping(downstream, upstream)
    assert mapping is not None
    return mapping.upstream_keys(keys, downstream, upstream)


def test_the_same_definition_means_the_same_key() -> None:
    """The default between equal definitions is the identity, also for different objects."""
    same = StaticPartitionsDefinition(["a", "b"])

    assert default_mapping(LETTERS, same) == IdentityPartitionMapping()
    assert _default(["b"], LETTERS, same) == ["b"]
    assert _default(["2024-01-02"], DAYS, DAYS) == ["2024-01-02"]


def test_windows_that_overlap() -> None:
    """A month depends on its days, a day on its month, an hour on its day."""
    february = _default(["2024-02-01"], MONTHS, DAYS)

    assert (february[0], february[-1], len(february)) == ("2024-02-01", "2024-02-29", 29)
    assert _default(["2024-01-09"], DAYS, MONTHS) == ["2024-01-01"]
    assert _default(["2024-01-05-05:00"], HOURS, DAYS) == ["2024-01-05"]
    assert len(_default(["2024-01-05"], DAYS, HOURS)) == 24
    assert len(_default(["2024-01-01", "2024-02-01"], MONTHS, DAYS)) == 60


def test_no_partitions_below_means_all_above() -> None:
    """An asset without partitions depends on all of them."""
    assert default_mapping(None, DAYS) == AllPartitionMapping()
    assert _default([], None, LETTERS) == ["a", "b"]
    assert _default([], None, PAIRS) == PAIRS.get_partition_keys()


def test_no_partitions_above_means_no_keys() -> None:
    """There is no mapping to an asset without partitions."""
    assert default_mapping(DAYS, None) is None
    assert default_mapping(None, None) is None


def test_other_keys_of_the_same_name() -> None:
    """Different lists map by key, and a key that is missing upstream is an error."""
    others = StaticPartitionsDefinition(["a", "c"])

    assert _default(["a"], LETTERS, others) == ["a"]
    with pytest.raises(
        DagflowInvariantViolationError, match="do not exist: 'b' of StaticPartitionsDefinition"
    ):
        _default(["b"], LETTERS, others)
    with pytest.raises(DagflowInvariantViolationError):
        _default(["a"], LETTERS, DAYS)


def test_one_dimension_of_two() -> None:
    """A pair depends on its part, a key on all pairs with it, a month on the pairs with its days."""
    assert _default(["2024-01-09|a"], PAIRS, DAYS) == ["2024-01-09"]
    assert _default(["2024-01-09|a", "2024-01-09|b"], PAIRS, LETTERS) == ["a", "b"]
    assert _default(["2024-01-09"], DAYS, PAIRS) == ["2024-01-09|a", "2024-01-09|b"]
    assert _default(["2024-01-09|a"], PAIRS, MONTHS) == ["2024-01-01"]
    assert len(_default(["2024-01-01"], MONTHS, PAIRS)) == 62
    assert _default(["2024-01-09|a"], PAIRS, PAIRS) == ["2024-01-09|a"]
    with pytest.raises(DagflowInvariantViolationError):
        _default(["q"], StaticPartitionsDefinition(["q"]), PAIRS)


def test_a_named_dimension() -> None:
    """If both dimensions fit, the mapping must name one."""
    square = MultiPartitionsDefinition({"x": LETTERS, "y": LETTERS})

    assert MultiToSingleDimensionPartitionMapping("y").upstream_keys(["a"], LETTERS, square) == ["a|a", "b|a"]
    assert MultiToSingleDimensionPartitionMapping("y").upstream_keys(["a|b"], square, LETTERS) == ["b"]
    with pytest.raises(CheckError, match="pass the partition_dimension_name"):
        MultiToSingleDimensionPartitionMapping().upstream_keys(["a"], LETTERS, square)
    with pytest.raises(CheckError, match="no dimension 'q'"):
        MultiToSingleDimensionPartitionMapping("q").upstream_keys(["a"], LETTERS, square)
    with pytest.raises(CheckError, match="on exactly one side"):
        MultiToSingleDimensionPartitionMapping().upstream_keys(["a|a"], square, square)


def test_a_mapping_for_each_dimension() -> None:
    """A pair depends on all keys of upstream dimensions that are not listed."""
    moved = MultiPartitionMapping(
        {
            "day": DimensionPartitionMapping("day", TimeWindowPartitionMapping(-1, 0)),
            "letter": DimensionPartitionMapping("letter", IdentityPartitionMapping()),
        }
    )
    letters_only = MultiPartitionMapping(
        {"day": DimensionPartitionMapping("day", IdentityPartitionMapping())}
    )

    assert moved.upstream_keys(["2024-01-02|a"], PAIRS, PAIRS) == ["2024-01-01|a", "2024-01-02|a"]
    assert letters_only.upstream_keys(["2024-01-02|a", "2024-01-02|b"], PAIRS, PAIRS) == [
        "2024-01-02|a",
        "2024-01-02|b",
    ]
    with pytest.raises(CheckError, match="on both sides"):
        moved.upstream_keys(["2024-01-02"], DAYS, PAIRS)


@pytest.mark.parametrize("name", ["day", "q"])
def test_dimensions_that_do_not_exist(name: str) -> None:
    """An unknown dimension, upstream or downstream, is an error."""
    other = "q" if name == "day" else "day"
    mapping = MultiPartitionMapping({name: DimensionPartitionMapping(other, IdentityPartitionMapping())})

    with pytest.raises(CheckError, match="no dimension 'q'"):
        mapping.upstream_keys(["2024-01-02|a"], PAIRS, PAIRS)


def test_dimensions_with_other_names() -> None:
    """Without a mapping, dimensions are compared in the alphabetical order of their names."""
    other = MultiPartitionsDefinition({"date": DAYS, "sign": LETTERS})
    swapped = MultiPartitionsDefinition({"a_letter": LETTERS, "time": DAYS})

    found = _default(["2024-01-02|a"], other, PAIRS)
    assert found == ["2024-01-02|a"]
    assert [getattr(key, "keys_by_dimension", None) for key in found] == [
        {"day": "2024-01-02", "letter": "a"}
    ]
    with pytest.raises(
        DagflowInvariantViolationError,
        match=r"'a_letter' with 'day' and 'time' with 'letter'. A MultiPartitionMapping",
    ):
        _default(["a|2024-01-02"], swapped, PAIRS)


def test_other_arguments_are_refused() -> None:
    """A MultiPartitionMapping needs a dict of DimensionPartitionMappings."""
    with pytest.raises(ElementCheckError, match=r"dimension 'day' .* not IdentityPartitionMapping"):
        MultiPartitionMapping({"day": IdentityPartitionMapping()})  # type: ignore[dict-item]
    with pytest.raises(ParameterCheckError, match="needs a dict"):
        MultiPartitionMapping([])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mapping", "definition", "expected"),
    [
        (TimeWindowPartitionMapping(-1, -1), DAYS, True),
        (TimeWindowPartitionMapping(-1, 0), DAYS, False),
        (TimeWindowPartitionMapping(0, -1), DAYS, False),
        (TimeWindowPartitionMapping(-1, -1), LETTERS, False),
        (IdentityPartitionMapping(), DAYS, False),
        (None, DAYS, False),
        (None, None, False),
        (
            MultiPartitionMapping(
                {"day": DimensionPartitionMapping("day", TimeWindowPartitionMapping(-1, -1))}
            ),
            PAIRS,
            True,
        ),
        (
            MultiPartitionMapping(
                {"letter": DimensionPartitionMapping("letter", IdentityPartitionMapping())}
            ),
            PAIRS,
            False,
        ),
        (None, PAIRS, False),
    ],
)
def test_earlier_partitions_of_the_same_asset(
    mapping: PartitionMapping | None, definition: PartitionsDefinition | None, expected: bool
) -> None:
    """An asset can depend on itself if the mapping along its dimension of time leads to earlier windows."""
    assert depends_on_earlier_windows(mapping, definition) == expected
