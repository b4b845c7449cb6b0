"""AssetCheckSpec: its fields, its copies, and the declarations that assets accept."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckSpec,
    AssetKey,
    AssetSpec,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidMetadata,
    ParameterCheckError,
    SourceAsset,
    asset,
)


@asset
def water():
    """Be an asset with one key."""


@pytest.mark.parametrize(
    ("of", "key"),
    [
        ("a", AssetKey("a")),
        ("a/b", AssetKey(["a/b"])),
        (["a", "b"], AssetKey(["a", "b"])),
        (AssetKey("c"), AssetKey("c")),
        (water, AssetKey("water")),
        (SourceAsset("s"), AssetKey("s")),
    ],
)
def test_the_asset_is_a_key_or_a_definition(of, key):
    """The asset is given as a string, a sequence, a key or a definition with one key."""
    assert AssetCheckSpec("fresh", asset=of).asset_key == key


@pytest.mark.parametrize("of", [AssetSpec("a"), 1, None])
def test_another_asset_is_refused(of):
    """A spec, a number and None are no asset here."""
    with pytest.raises(CheckError):
        AssetCheckSpec("fresh", asset=of)


def test_its_fields_and_copies():
    """The key, the identifier and the copies follow from the fields; specs are compared by value."""
    spec = AssetCheckSpec("fresh", asset=["a", "b"], description="d", metadata={"k": 1})
    other = spec.replace_key(AssetCheckKey(AssetKey("z"), "new"))

    assert spec.key == AssetCheckKey(AssetKey(["a", "b"]), "fresh")
    assert spec.get_python_identifier() == "a__b_fresh"
    assert (other.asset_key, other.name, other.description) == (AssetKey("z"), "new", "d")
    assert spec.with_metadata({"m": 2}).metadata == {"m": 2}
    assert spec == AssetCheckSpec("fresh", asset=["a", "b"], description="d", metadata={"k": 1})
    assert hash(spec) == hash(AssetCheckSpec("fresh", asset=["a", "b"]))
    assert spec != AssetCheckSpec("fresh", asset=["a", "b"])
    assert (spec.blocking, spec.partitions_def, spec.automation_condition) == (False, None, None)


def test_additional_dependencies():
    """Additional dependencies are keys, definitions or specs, each once; the checked asset is refused."""
    deps = ["b", AssetSpec("z"), water, AssetKey("b")]
    spec = AssetCheckSpec("fresh", asset="a", additional_deps=deps)

    assert [dep.asset_key.path for dep in spec.additional_deps] == [["b"], ["z"], ["water"]]
    with pytest.raises(ValueError, match="names this asset"):
        AssetCheckSpec("fresh", asset="a", additional_deps=["a"])


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": 1},
        {"blocking": None},
        {"description": 3},
        {"partitions_def": 3},
    ],
)
def test_invalid_arguments(arguments):
    """An argument of another type is refused by name."""
    with pytest.raises(ParameterCheckError, match=next(iter(arguments))):
        AssetCheckSpec(**{"name": "fresh", "asset": "a", **arguments})


def test_invalid_metadata():
    """Metadata of an unknown type is refused."""
    with pytest.raises(DagflowInvalidMetadata):
        AssetCheckSpec("fresh", asset="a", metadata={"x": object()})


def cup():
    """Be the function of an asset."""


@pytest.mark.parametrize(
    ("specs", "error", "message"),
    [
        ([AssetCheckSpec("hot", asset="tea")], DagflowInvalidDefinitionError, "'tea'.*It makes 'cup'"),
        ([AssetCheckSpec("hot", asset="cup")] * 2, DagflowInvalidDefinitionError, "'cup:hot' 2 times"),
        (
            [AssetCheckSpec("hot", asset="cup"), AssetCheckSpec("hot", asset="cup", description="x")],
            DagflowInvalidDefinitionError,
            "'cup:hot' 2 times",
        ),
        ([3], CheckError, "not an AssetCheckSpec"),
        (3, CheckError, "check_specs"),
        (AssetCheckSpec("hot", asset="cup"), CheckError, "check_specs"),
    ],
)
def test_the_declarations_of_an_asset(specs, error, message):
    """A check of another asset, a repeated one, and another object are refused."""
    with pytest.raises((error, DagflowInvalidDefinitionError), match=message):
        asset(check_specs=specs)(cup)


def test_a_check_of_an_asset_is_an_output():
    """Each check is an output of the op; its additional dependencies are no inputs."""
    spec = AssetCheckSpec("hot", asset="cup", additional_deps=["tea"])
    made = asset(check_specs=[spec])(cup)

    assert list(made.op.outs) == ["result", "cup_hot"]
    assert made.op.outs["cup_hot"].is_required
    assert made.keys_by_input_name == {}
    assert made.check_keys == {spec.key}
