"""The rules for the tags of assets and their events."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetMaterialization,
    DagflowInvalidDefinitionError,
    ElementCheckError,
    ParameterCheckError,
)
from dagflow.tags import check_asset_tags


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"a": ""},
        {"a": "b"},
        {"k" * 63: "v" * 63},
        {"n" * 63 + "/" + "k" * 63: "v"},
        {"A_b-c.9": "A_b-c.9"},
    ],
)
def test_valid_tags(tags):
    """A key has at most 63 of the characters, and may have a namespace; a value may be empty."""
    assert check_asset_tags(tags, "asset 'a'") == tags


@pytest.mark.parametrize(
    "key", ["", "a b", "é", "a/b/c", "a/", "/a", "a\n", "k" * 64, "n" * 64 + "/a"], ids=repr
)
def test_invalid_keys(key):
    """Other characters, too many of them, empty parts and several namespaces are refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match="asset 'a' has an invalid tag key"):
        check_asset_tags({key: "v"}, "asset 'a'")


@pytest.mark.parametrize("value", ["a b", "é", "a/b", "v\n", "v" * 64], ids=repr)
def test_invalid_values(value):
    """Other characters and too many of them are refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match="for the tag 'k'"):
        check_asset_tags({"k": value}, "asset 'a'")


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        ("x", ParameterCheckError),
        ([("a", "b")], ParameterCheckError),
        ({3: "v"}, ElementCheckError),
        ({"k": 3}, DagflowInvalidDefinitionError),
        ({"k": None}, DagflowInvalidDefinitionError),
    ],
)
def test_types(tags, error):
    """Tags are a dict of strings."""
    with pytest.raises(error, match="the tags of asset 'a' must be a dict of strings"):
        check_asset_tags(tags, "asset 'a'")


def test_tags_of_dagflow_itself():
    """The tags of dagflow itself hold keys of assets, so they may have any characters."""
    tags = {"dagflow/input_data_version/a/b c": "x y"}

    assert AssetMaterialization("a", tags=tags).tags == tags
    with pytest.raises(DagflowInvalidDefinitionError, match="AssetMaterialization of asset 'a'"):
        AssetMaterialization("a", tags={"a b": "c"})
