"""Partition mappings between drawn definitions: the reference and dagflow map each key to the same keys."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

import profiles
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from known_differences import KNOWN_MAPPINGS, explanation

import dagflow

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")

examples = profiles.examples(
    25,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # an explanation takes minutes
)
NOW = datetime(2024, 1, 20, tzinfo=timezone.utc)
DEFINITIONS = {
    "letters": 'api.StaticPartitionsDefinition(["a", "b", "c"])',
    "vowels": 'api.StaticPartitionsDefinition(["a", "e"])',
    "days": 'api.DailyPartitionsDefinition("2024-01-10")',
    "later days": 'api.DailyPartitionsDefinition("2024-01-12", end_date="2024-01-17")',
    "weeks": 'api.WeeklyPartitionsDefinition("2024-01-01")',
}
DIMENSIONS = [("days", "letters"), ("letters", "vowels"), ("weeks", "letters"), ("later days", "vowels")]
DEFINITIONS |= {
    f"{one} and {other}": "api.MultiPartitionsDefinition("
    f'{{"one": {DEFINITIONS[one]}, "other": {DEFINITIONS[other]}}})'
    for one, other in DIMENSIONS
}


class Mapped(NamedTuple):
    """Two definitions and a mapping, as Python with the library as `api`."""

    upstream: str
    downstream: str
    mapping: str


simple = st.sampled_from(
    [f"{name}PartitionMapping()" for name in ("Identity", "All", "Last", "TimeWindow")]
    + ['SpecificPartitionsPartitionMapping(["a"])', 'SpecificPartitionsPartitionMapping(["2024-01-13"])']
    + ['StaticPartitionMapping({"a": "a"})', 'StaticPartitionMapping({"a": ["a", "e"]})']
    + ['StaticPartitionMapping({"a": "a", "e": ["b", "c"]})', 'StaticPartitionMapping({"b": "e", "c": "e"})']
) | st.builds("TimeWindowPartitionMapping({}, {})".format, st.integers(-2, 1), st.integers(-1, 2))
dimensions = st.builds(
    '"{}": api.DimensionPartitionMapping("{}", api.{})'.format,
    *(st.sampled_from(["one", "other"]), st.sampled_from(["one", "other"]), simple),
)
mappings = st.one_of(
    simple,
    st.sampled_from(["", '"one"', '"other"']).map("MultiToSingleDimensionPartitionMapping({})".format),
    st.lists(dimensions, max_size=2).map(lambda each: f"MultiPartitionMapping({{{', '.join(each)}}})"),
)
names = st.sampled_from(sorted(DEFINITIONS))
pairs = st.builds(Mapped, names, names, mappings)


def built(library: Any, text: str) -> Any:
    """Return a definition or mapping of a library."""
    return eval(text, {"api": library})


def answers(library: Any, drawn: Mapped) -> dict[str, Any]:
    """Return what a library maps each key to, in both directions, or the class of the error."""
    upstream, downstream = (built(library, DEFINITIONS[name]) for name in drawn[:2])
    with library.partition_loading_context(NOW):
        return dict(_mapped(upstream, downstream, built(library, f"api.{drawn.mapping}")))


def _mapped(upstream: Any, downstream: Any, mapping: Any) -> Iterator[tuple[str, Any]]:
    for key in downstream.get_partition_keys():
        subset = downstream.subset_with_partition_keys([key])
        try:
            found = mapping.get_upstream_mapped_partitions_result_for_partitions(subset, downstream, upstream)
            lost = map(str, found.required_but_nonexistent_partition_keys)
            yield f"up {key}", (_keys(found.partitions_subset), sorted(lost))
        except Exception as error:  # only its class is compared
            yield f"up {key}", _name(error)
    for key in upstream.get_partition_keys():
        subset = upstream.subset_with_partition_keys([key])
        try:
            found = mapping.get_downstream_partitions_for_partitions(subset, upstream, downstream)
            yield f"down {key}", _keys(found)
        except Exception as error:  # only its class is compared
            yield f"down {key}", _name(error)


def _keys(subset: Any) -> list[str]:
    return sorted(map(str, subset.get_partition_keys()))


def _name(error: Exception) -> str:
    return type(error).__name__.replace("Dagster", "Dagflow")


@examples
@given(pairs)
def test_mappings(drawn: Mapped) -> None:
    """Each key is mapped to the same keys, in both directions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = answers(reference, drawn), answers(dagflow, drawn)

    assert theirs.keys() == ours.keys()
    different = [
        (name, theirs[name], ours[name])
        for name in theirs
        if theirs[name] != ours[name] and not explanation(KNOWN_MAPPINGS, drawn, theirs[name], ours[name])
    ]
    assert not different
