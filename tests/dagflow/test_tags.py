"""The tags of ops, jobs and runs, and the tags of assets and their events."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetMaterialization,
    DagflowInvalidDefinitionError,
    ElementCheckError,
    ParameterCheckError,
    op,
)
from dagflow.tags import check_asset_tags, definition_tags, jsonable_tags


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


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (None, {}),
        ({}, {}),
        ({"a": "x"}, {"a": "x"}),
        (
            {"a": 3, "b": {"x": 1}, "c": [1, None], "d": True},
            {"a": "3", "b": '{"x": 1}', "c": "[1, null]", "d": "true"},
        ),
    ],
)
def test_tags_are_texts(tags: Any, expected: dict[str, str]) -> None:
    """A tag value that is not a string is encoded as JSON."""
    assert jsonable_tags(tags, "op 'x'") == expected


@pytest.mark.parametrize(
    ("tags", "error", "message"),
    [
        (
            {"a": object()},
            DagflowInvalidDefinitionError,
            "tag 'a' of op 'x': Could not JSON encode value <object",
        ),
        ({"a": {1, 2}}, DagflowInvalidDefinitionError, "Could not JSON encode value"),
        ({"a": (1, 2)}, DagflowInvalidDefinitionError, "is not equivalent to original value"),
        ({5: "a"}, DagflowInvalidDefinitionError, "tag 5 of op 'x' must have a string as its key"),
        (5, ParameterCheckError, "the tags of op 'x' must be a mapping of strings, not 5"),
        (0, ParameterCheckError, "must be a mapping"),
    ],
)
def test_tags_that_are_none(tags: Any, error: type[Exception], message: str) -> None:
    """A value without a JSON form is not a valid tag."""
    with pytest.raises(error, match=message):
        jsonable_tags(tags, "op 'x'")


@pytest.mark.parametrize("key", ["a&", "a b", "a/b/c", "x" * 64, "", "é", "/a", "a/", "a:b"])
def test_a_strange_tag_key_is_warned_of(key: str) -> None:
    """A non-compliant key warns at the line of the definition, and the tag is kept."""
    with pytest.warns(DeprecationWarning, match=r"tag keys like \[.*\] are deprecated, on op 'o'") as warned:
        made = op(name="o", tags={key: "v"})(lambda: None)

    assert made.tags == {key: "v"}
    assert warned[0].filename == __file__


def test_a_usual_tag_key() -> None:
    """A valid key, also with a namespace, does not warn."""
    assert definition_tags({"a/b.c-d_1": 3, "x" * 63: "y"}, "op 'o'") == {"a/b.c-d_1": "3", "x" * 63: "y"}


@pytest.mark.parametrize(
    ("key", "hint"),
    [("dagflow/prioritty", "'priority'"), ("dagster/step_timeuot", "'step_timeout'"), ("dagflow/zzz", "")],
)
def test_an_unknown_system_tag_is_warned_of(key: str, hint: str) -> None:
    """A misspelt tag with the prefix of a system tag has no effect, and a warning says so."""
    with pytest.warns(UserWarning, match=f"the tag '{key}' of op 'o' has no effect: it is unknown.*{hint}"):
        made = op(name="o", tags={key: "1"})(lambda: None)

    assert made.tags == {key: "1"}


@pytest.mark.parametrize("key", ["dagflow/priority", "dagster/max_runtime", "team/prioritty"])
def test_a_known_system_tag(key: str) -> None:
    """A tag that dagflow reads, and a tag of other tools, do not warn."""
    assert definition_tags({key: "1"}, "op 'o'") == {key: "1"}
