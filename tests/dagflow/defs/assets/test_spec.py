"""AssetSpec, SourceAsset, AssetIn and AssetDep as values."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetDep,
    AssetIn,
    AssetKey,
    AssetSpec,
    LastPartitionMapping,
    MetadataValue,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    fs_io_manager,
    mem_io_manager,
)
from dagflow.defs.assets.layer import AssetLayer
from dagflow.defs.assets.spec import key_of
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidMetadata,
    DagflowInvariantViolationError,
    ParameterCheckError,
)

PARTS = StaticPartitionsDefinition(["a", "b"])


@asset(
    key_prefix=["shop"], group_name="g", code_version="1", tags={"t": "1"}, kinds={"sql"}, metadata={"m": 1}
)
def cup(water: Any) -> Any:
    """A cup."""
    return water


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (AssetIn(), ["p"]),
        (AssetIn(key="k"), ["k"]),
        (AssetIn(key=["a", "b"]), ["a", "b"]),
        (AssetIn(key_prefix="x"), ["x", "p"]),
        (AssetIn(key_prefix=["x", "y"]), ["x", "y", "p"]),
    ],
)
def test_the_key_that_a_parameter_reads(given: AssetIn, key: list[str]) -> None:
    """The key is the parameter name, with a prefix if given, or the key of the AssetIn."""
    assert given.key_for("p") == AssetKey(key)


@pytest.mark.parametrize(
    "named",
    [cup, "shop/cup", ["shop", "cup"], AssetKey(["shop", "cup"]), AssetSpec(["shop", "cup"]), AssetDep(cup)],
)
def test_what_names_an_asset(named: Any) -> None:
    """A definition, a key, a list of parts and a string name an asset. A string is one part."""
    key = AssetKey("shop/cup") if isinstance(named, str) else AssetKey(["shop", "cup"])

    assert key_of(named) == AssetDep.from_coercible(named).asset_key == key


@pytest.mark.parametrize("named", [5, None, [5], {"a": 1}])
def test_what_names_none(named: Any) -> None:
    """Any other value raises."""
    with pytest.raises(ParameterCheckError, match="does not name an asset"):
        key_of(named)


def test_dependencies_are_values() -> None:
    """Dependencies are equal if their keys, mappings and metadata are equal."""
    mapping = LastPartitionMapping()

    assert AssetDep("a") == AssetDep(AssetKey("a"))
    assert AssetDep("a") != AssetDep("a", metadata={"m": 1})
    assert AssetDep("a") != AssetDep("a", partition_mapping=mapping)
    assert AssetDep("a") != "a"
    assert len({AssetDep("a"), AssetDep("a")}) == 1
    assert AssetDep("a", metadata={"m": 1}).metadata == {"m": MetadataValue.int(1)}
    assert repr(AssetDep("a")) == "AssetDep(AssetKey(['a']))"


def test_a_spec_stores_its_arguments() -> None:
    """A spec stores its arguments, has a default group, and turns kinds into tags."""
    spec = AssetSpec(
        ["a", "b"],
        deps=["x", cup],
        description="d",
        metadata={"m": 1},
        skippable=True,
        group_name="g/h",
        code_version="1",
        owners=["team:me"],
        tags={"t": "1"},
        kinds={"sql"},
        partitions_def=PARTS,
    )

    assert spec.key == AssetKey(["a", "b"])
    assert [dep.asset_key for dep in spec.deps] == [AssetKey("x"), cup.key]
    assert (spec.description, spec.skippable, spec.group_name) == ("d", True, "g/h")
    assert (spec.code_version, spec.owners, spec.partitions_def) == ("1", ["team:me"], PARTS)
    assert spec.tags == {"t": "1", "dagflow/kind/sql": ""}
    assert spec.kinds == {"sql"}
    assert AssetSpec("a").group_name == "default"
    assert repr(AssetSpec("a")) == "AssetSpec(AssetKey(['a']))"


def test_a_repeated_dependency_of_a_spec_counts_once() -> None:
    """A spec that names an asset twice has one dependency on it."""
    assert AssetSpec("a", deps=["b", AssetSpec("b"), ["b"]]).deps == [AssetDep("b")]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: AssetSpec("a", group_name="a b"),
            DagflowInvalidDefinitionError,
            '"a b".*group of asset .a.',
        ),
        (lambda: AssetSpec("a", group_name="a//b"), DagflowInvalidDefinitionError, '"".*group of asset .a.'),
        (lambda: AssetSpec("a", group_name=5), ParameterCheckError, "'group_name' of asset 'a'"),
        (lambda: AssetSpec("a", partitions_def=5), ParameterCheckError, "'partitions_def'"),
        (lambda: AssetSpec("a", metadata={"m": object()}), DagflowInvalidMetadata, "'m'"),
        (lambda: AssetSpec("a", tags={"t": object()}), DagflowInvalidDefinitionError, "tag 't' of asset 'a'"),
        (lambda: AssetSpec(5), ParameterCheckError, "AssetKey"),
        (lambda: AssetSpec("a", deps="bc"), ParameterCheckError, "'deps' of asset 'a' must be a list"),
        (
            lambda: AssetSpec("a", deps=["b", AssetDep("b", partition_mapping=LastPartitionMapping())]),
            DagflowInvariantViolationError,
            "asset 'a' names asset 'b' more than once",
        ),
        (
            lambda: SourceAsset(
                "a", io_manager_key="k", io_manager_def=mem_io_manager, resource_defs={"k": 1}
            ),
            DagflowInvalidDefinitionError,
            "asset 'a' has an 'io_manager_def' and a different resource with the key 'k'",
        ),
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], message: str) -> None:
    """An invalid argument raises an error that names the asset."""
    with pytest.raises(error, match=message):
        make()


def test_a_spec_names_its_io_manager() -> None:
    """`with_io_manager_key` returns a copy with the key in its metadata; the default is "io_manager"."""
    spec = AssetSpec("beans", metadata={"kind": "arabica"})
    stored = spec.with_io_manager_key("cellar")

    assert stored.metadata == {"kind": "arabica", "dagflow/io_manager_key": "cellar"}
    assert (spec.io_manager_key, stored.io_manager_key) == ("io_manager", "cellar")
    assert AssetLayer({stored.key: stored}).io_manager_key(stored.key) == "cellar"
    with pytest.raises(ParameterCheckError, match="'io_manager_key' of asset 'beans'"):
        spec.with_io_manager_key(5)  # type: ignore[arg-type]


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


def test_a_spec_with_other_partitions_is_a_copy() -> None:
    """The spec itself keeps its partitions."""
    spec = AssetSpec("beans", description="d")
    partitioned = spec.with_partitions_def(PARTS)

    assert (partitioned.key, partitioned.description, partitioned.partitions_def) == (spec.key, "d", PARTS)
    assert spec.partitions_def is None


def test_attributes_are_replaced() -> None:
    """Only the given attributes change, and None clears one."""
    spec = AssetSpec("beans", deps=["farm"], tags={"roast": "dark"}, kinds={"csv"}, owners=["team:bar"])

    changed = spec.replace_attributes(key="peas", deps=None, description="d", skippable=True)

    assert (changed.key, changed.deps, changed.description, changed.skippable) == (
        AssetKey("peas"),
        [],
        "d",
        True,
    )
    assert (changed.tags, changed.owners) == (spec.tags, ["team:bar"])
    assert spec.replace_attributes() == spec
    with pytest.raises(ParameterCheckError, match="'skippable' of asset 'beans'"):
        spec.replace_attributes(skippable=None)  # type: ignore[arg-type]


def test_kinds_and_tags_are_replaced_apart() -> None:
    """New tags keep the kinds, and new kinds keep the other tags."""
    spec = AssetSpec("beans", tags={"roast": "dark"}, kinds={"csv"})

    assert spec.replace_attributes(tags={"a": "b"}).tags == {"a": "b", "dagflow/kind/csv": ""}
    assert spec.replace_attributes(tags=None).tags == {"dagflow/kind/csv": ""}
    assert spec.replace_attributes(kinds={"sql"}).tags == {"roast": "dark", "dagflow/kind/sql": ""}
    assert spec.replace_attributes(kinds=None).tags == {"roast": "dark"}


def test_attributes_are_merged() -> None:
    """Dependencies, owners and kinds are added; metadata and tags with a known name are replaced."""
    spec = AssetSpec(
        "beans", deps=["farm"], metadata={"m": 1, "n": 1}, owners=["team:bar"], tags={"a": "1"}, kinds={"csv"}
    )

    merged = spec.merge_attributes(
        deps=["mill"], metadata={"m": 2}, owners=["team:bar"], tags={"a": "2"}, kinds={"sql"}
    )

    assert [dep.asset_key for dep in merged.deps] == [AssetKey("farm"), AssetKey("mill")]
    assert (merged.metadata, merged.owners) == ({"m": 2, "n": 1}, ["team:bar", "team:bar"])
    assert (merged.tags["a"], merged.kinds) == ("2", {"csv", "sql"})
    assert spec.merge_attributes() == spec


def test_none_is_not_merged() -> None:
    """None is a TypeError that names the argument and the asset."""
    with pytest.raises(TypeError, match="'owners' of merge_attributes for asset 'beans' is None"):
        AssetSpec("beans").merge_attributes(owners=None)  # type: ignore[arg-type]


def test_specs_are_compared_by_value() -> None:
    """Two specs with the same facts are equal, and a set holds one of them."""
    one, other = (AssetSpec("beans", deps=["farm"], metadata={"m": 1}) for _ in range(2))

    assert one == other
    assert len({one, other, one.replace_attributes(skippable=True)}) == 2
    assert one != "beans"
