"""SourceAsset: its arguments, their checks, and copies with other attributes."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetKey,
    AutomationCondition,
    CheckError,
    DagflowInvalidDefinitionError,
    LegacyFreshnessPolicy,
    MetadataValue,
    SourceAsset,
    StaticPartitionsDefinition,
    fs_io_manager,
)

PARTS = StaticPartitionsDefinition(["a", "b"])


def test_sources() -> None:
    """A SourceAsset takes an I/O manager by key, by definition, or the default one."""
    plain = SourceAsset("a", description="d", group_name="g", tags={"t": "1"}, partitions_def=PARTS)
    own = SourceAsset(["a", "b"], io_manager_def=fs_io_manager)
    named = SourceAsset("a", io_manager_key="k", resource_defs={"k": 5})

    assert (plain.key, plain.io_manager_key, plain.resource_defs) == (AssetKey("a"), "io_manager", {})
    assert (plain.partitions_def, plain.spec.description, plain.spec.group_name) == (PARTS, "d", "g")
    assert own.io_manager_key == "a__b__io_manager"
    assert own.resource_defs == {"a__b__io_manager": fs_io_manager}
    assert (named.io_manager_key, named.resource_defs["k"].value) == ("k", 5)
    assert repr(plain) == "SourceAsset(AssetKey(['a']))"


def test_facts() -> None:
    """The facts of a source are its attributes; its metadata are metadata values, or as they were given."""
    source = SourceAsset("a", {"m": 1}, description="d", tags={"t": "1"})

    assert (source.description, source.group_name, source.tags) == ("d", "default", {"t": "1"})
    assert (source.metadata, source.raw_metadata) == ({"m": MetadataValue.int(1)}, {"m": 1})
    assert (source.get_io_manager_key(), source.io_manager_def, source.op_tags) == ("io_manager", None, {})


def test_conditions_and_policies_are_kept() -> None:
    """A source keeps its condition, its policy, the interval of its observation and the tags of its op."""
    missing, old = AutomationCondition.missing(), LegacyFreshnessPolicy(maximum_lag_minutes=3)
    source = SourceAsset(
        "a",
        op_tags={"k": 1},
        auto_observe_interval_minutes=3,
        legacy_freshness_policy=old,
        automation_condition=missing,
    )

    assert (source.automation_condition, source.legacy_freshness_policy) == (missing, old)
    assert (source.auto_observe_interval_minutes, source.op_tags) == (3, {"k": "1"})


def test_other_attributes() -> None:
    """A copy has another group or key; the group of an asset that has one is not replaced."""
    source = SourceAsset("a", io_manager_key="k")

    assert source.with_attributes(group_name="g").group_name == "g"
    assert source.with_attributes(key=AssetKey(["b", "c"])).key == AssetKey(["b", "c"])
    assert source.with_attributes() == source
    assert source.with_attributes(key="z").io_manager_key == "k"
    with pytest.raises(DagflowInvalidDefinitionError, match="asset 'a' has the group 'g'"):
        SourceAsset("a", group_name="g").with_attributes(group_name="h")


def test_equal_by_value() -> None:
    """Sources with the same arguments are equal, and have one hash."""
    one, other = (SourceAsset("a", {"m": 1}, io_manager_def=fs_io_manager) for _ in range(2))

    assert one == other
    assert hash(one) == hash(other)
    assert one != SourceAsset("a", {"m": 1})
    assert SourceAsset("a") != SourceAsset("a", group_name="g")


@pytest.mark.parametrize(
    "arguments",
    [
        {"automation_condition": 3},
        {"auto_observe_interval_minutes": "x"},
        {"legacy_freshness_policy": 3},
        {"op_tags": "x"},
        {"description": 3},
        {"metadata": {1: 1}},
    ],
)
def test_arguments_are_checked(arguments: Any) -> None:
    """An argument of the wrong type is refused."""
    with pytest.raises(CheckError):
        SourceAsset("a", **arguments)


def test_invalid_group_and_tags() -> None:
    """An empty group and an invalid tag are refused with the key."""
    with pytest.raises(DagflowInvalidDefinitionError, match="asset 'a'"):
        SourceAsset("a", group_name="")
    with pytest.raises(DagflowInvalidDefinitionError, match="asset 'a' has an invalid tag key 'a b'"):
        SourceAsset("a", tags={"a b": "c"})
