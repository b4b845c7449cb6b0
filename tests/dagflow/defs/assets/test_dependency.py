"""AssetIn and AssetDep as values, and the forms in which an asset is named."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AllPartitionMapping,
    AssetDep,
    AssetIn,
    AssetKey,
    AssetSpec,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    LastPartitionMapping,
    ParameterCheckError,
    SourceAsset,
    asset,
)
from dagflow.defs.assets.dependency import HasAssetKey, key_of, unique_deps


@asset(key_prefix=["shop"])
def cup(water: Any) -> Any:
    """A cup."""
    return water


class Pair(HasAssetKey):
    """A definition of two assets."""

    @property
    def keys(self) -> set[AssetKey]:
        """Both keys."""
        return {AssetKey("left"), AssetKey("right")}

    def __repr__(self) -> str:
        return "the pair"


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
    assert given.resolve_key("p") == AssetKey(key)


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
    assert AssetDep("a", metadata={"m": 1}).metadata == {"m": 1}
    assert repr(AssetDep("a")) == "AssetDep(AssetKey(['a']))"


def test_an_asset_in_is_a_value() -> None:
    """AssetIns with the same arguments are equal, and have their key and prefix in one form."""
    assert AssetIn("a") == AssetIn(AssetKey("a")) != AssetIn()
    assert AssetIn("a/b").key == AssetKey(["a/b"])
    assert AssetIn(key_prefix="p").key_prefix == AssetIn(key_prefix=["p"]).key_prefix == ["p"]
    assert (AssetIn().key, AssetIn().key_prefix) == (None, [])


def test_what_becomes_an_asset_in() -> None:
    """A key, a string and a list of parts become an AssetIn; an AssetIn stays as it is."""
    given = AssetIn(key_prefix="p")

    assert AssetIn.from_coercible(given) is given
    assert AssetIn.from_coercible("a") == AssetIn.from_coercible(AssetKey("a")) == AssetIn("a")
    assert AssetIn.from_coercible(["a", "b"]).key == AssetKey(["a", "b"])


@pytest.mark.parametrize("value", [3, cup, SourceAsset("a"), AssetSpec("a"), AssetDep("a")])
def test_what_becomes_no_asset_in(value: Any) -> None:
    """Definitions and other values are refused."""
    with pytest.raises(CheckError):
        AssetIn.from_coercible(value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"key": "a", "key_prefix": "p"},
        {"key": 3},
        {"key_prefix": 3},
        {"metadata": "x"},
        {"metadata": {1: 1}},
        {"input_manager_key": 3},
        {"partition_mapping": 3},
    ],
)
def test_arguments_of_an_asset_in_are_checked(arguments: Any) -> None:
    """An argument of the wrong type, and a prefix beside a whole key, are refused."""
    with pytest.raises(CheckError):
        AssetIn(**arguments)


def test_a_dependency_of_several_assets() -> None:
    """An AssetDep is about one asset: the message has the keys of the definition."""
    with pytest.raises(DagflowInvalidDefinitionError, match="the pair has the keys 'left', 'right'"):
        AssetDep(Pair())


def test_a_definition_in_deps_stands_for_all_its_assets() -> None:
    """In `deps` a definition of several assets is a dependency on each of them."""
    assert unique_deps([Pair(), cup], "asset 'a'") == [
        AssetDep("left"),
        AssetDep("right"),
        AssetDep(["shop", "cup"]),
    ]


@pytest.mark.parametrize("value", [3, None, AssetDep("a"), {"a": 1}])
def test_what_is_no_dependency(value: Any) -> None:
    """Other values are refused, also another AssetDep."""
    with pytest.raises(ParameterCheckError):
        AssetDep(value)


@pytest.mark.parametrize("arguments", [{"partition_mapping": 3}, {"metadata": "x"}, {"metadata": {1: 1}}])
def test_arguments_of_a_dependency_are_checked(arguments: Any) -> None:
    """An argument of the wrong type is refused."""
    with pytest.raises(CheckError):
        AssetDep("a", **arguments)


@pytest.mark.parametrize(
    "other", [AssetDep("a", partition_mapping=AllPartitionMapping()), AssetDep("a", metadata={"m": 1})]
)
def test_one_asset_with_two_dependencies(other: AssetDep) -> None:
    """Equal dependencies on one asset are one; different ones are refused with both keys."""
    assert unique_deps(["a", AssetDep("a")], "asset 'x'") == [AssetDep("a")]
    with pytest.raises(DagflowInvariantViolationError, match="asset 'x' names asset 'a' more than once"):
        unique_deps(["a", other], "asset 'x'")
