"""AssetsDefinition: its attributes, and the facts about each output and input."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    LastPartitionMapping,
    Out,
    StaticPartitionsDefinition,
    asset,
    op,
)
from dagflow.errors import CheckError, DagflowInvariantViolationError

PARTS = StaticPartitionsDefinition(["a", "b"])


@asset(
    key_prefix=["shop"], group_name="g", code_version="1", tags={"t": "1"}, kinds={"sql"}, metadata={"m": 1}
)
def cup(water: Any) -> Any:
    """A cup."""
    return water


@op(out={"p": Out(is_required=False), "q": Out(is_required=False)})
def pour(water: Any) -> Any:
    return water, water


def test_attributes() -> None:
    """The attributes of AssetsDefinition are those of the specification."""
    key = AssetKey(["shop", "cup"])

    assert (cup.key, cup.keys) == (key, {key})
    assert cup.op is cup.node_def
    assert cup.node_def.name == "shop__cup"
    assert cup.keys_by_input_name == {"water": AssetKey("water")}
    assert cup.keys_by_output_name == {"result": key}
    assert cup.dependency_keys == {AssetKey("water")}
    assert cup.group_names_by_key == {key: "g"}
    assert cup.code_versions_by_key == {key: "1"}
    assert cup.tags_by_key == {key: {"t": "1", "dagflow/kind/sql": ""}}
    assert cup.metadata_by_key == {key: {"m": 1}}
    assert cup.descriptions_by_key == {key: "A cup."}
    assert [spec.key for spec in cup.specs] == [key]
    assert cup.get_io_manager_key_for_asset_key(key) == "io_manager"
    assert (cup.__name__, cup.__doc__) == ("shop__cup", "A cup.")
    assert repr(cup) == "<asset 'shop/cup'>"
    assert cup(3) == 3
    with pytest.raises(DagflowInvariantViolationError, match="<asset 'shop/cup'> does not make asset 'x'"):
        cup.get_io_manager_key_for_asset_key(AssetKey("x"))


def test_several_assets_have_no_single_key() -> None:
    """Their keys are a set."""
    both = AssetsDefinition(
        node_def=pour,
        keys_by_input_name={},
        keys_by_output_name={"p": AssetKey("p"), "q": AssetKey("q")},
        specs=[AssetSpec("p"), AssetSpec("q")],
    )

    assert both.keys == {AssetKey("p"), AssetKey("q")}
    with pytest.raises(CheckError, match="has 2 assets, so it has no single key"):
        _ = both.key


def _partitioned(*specs: AssetSpec, **more: Any) -> AssetsDefinition:
    return AssetsDefinition(
        node_def=pour,
        keys_by_input_name={"water": AssetKey("water")},
        keys_by_output_name={spec.key.to_user_string(): spec.key for spec in specs},
        specs=specs,
        **more,
    )


def test_each_output_has_its_asset() -> None:
    """An AssetOutput has the key, the spec and the partitions of the asset."""
    p = AssetSpec("p", partitions_def=PARTS, group_name="g")
    both = _partitioned(p, AssetSpec("q"))

    assert both.output_names == {AssetKey("p"): "p", AssetKey("q"): "q"}
    assert both.outputs["p"].spec is p
    assert (both.outputs["p"].key, both.outputs["p"].partitions_def) == (AssetKey("p"), PARTS)
    assert both.outputs["q"].partitions_def is None
    assert both.partitions_def is PARTS
    assert repr(both.outputs["p"]) == "AssetOutput(AssetKey(['p']))"


def test_a_definition_gives_the_default_group() -> None:
    """A spec without a group gets the default group in a definition, and stays as it is itself."""
    plain, grouped = AssetSpec("p", partitions_def=PARTS), AssetSpec("q", group_name="g")
    both = _partitioned(plain, grouped)

    assert [spec.group_name for spec in both.specs] == ["default", "g"]
    assert both.group_names_by_key == {AssetKey("p"): "default", AssetKey("q"): "g"}
    assert plain.group_name is None


def test_the_partition_of_an_output() -> None:
    """An output has the partition of the run, if its asset is partitioned."""
    both = _partitioned(AssetSpec("p", partitions_def=PARTS), AssetSpec("q"))

    assert both.outputs["p"].partition_of("a") == "a"
    assert both.outputs["p"].partition_of(None) is None
    assert both.outputs["q"].partition_of("a") is None


def test_partitions_of_the_definition_are_those_of_its_assets() -> None:
    """A spec without partitions takes those of the definition; other partitions of its own are refused."""
    both = _partitioned(AssetSpec("p", partitions_def=PARTS), AssetSpec("q"), partitions_def=PARTS)

    assert [spec.partitions_def for spec in both.specs] == [PARTS, PARTS]
    assert both.outputs["q"].partitions_def is both.partitions_def is PARTS
    others = StaticPartitionsDefinition(["c"])
    with pytest.raises(CheckError, match="the AssetSpec of 'p' has the partitions"):
        _partitioned(AssetSpec("p", partitions_def=others), partitions_def=PARTS)


def test_each_input_has_its_asset() -> None:
    """An AssetInput has the key that is read, the partition mapping, and the partitions of the reader."""
    mapping = LastPartitionMapping()
    reader = _partitioned(
        AssetSpec("p"), partitions_def=PARTS, partition_mappings={AssetKey("water"): mapping}
    )
    read = reader.inputs["water"]

    assert (read.key, read.partition_mapping, read.partitions_def) == (AssetKey("water"), mapping, PARTS)
    assert cup.inputs["water"].partition_mapping is cup.inputs["water"].partitions_def is None
    assert repr(read) == "AssetInput(AssetKey(['water']))"
