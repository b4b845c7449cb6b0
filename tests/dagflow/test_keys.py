"""The names: asset keys, check keys, node handles, step handles, and the check of names."""

from __future__ import annotations

import keyword
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import AssetSpec, SourceAsset, asset, deserialize_value, serialize_value
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, ParameterCheckError
from dagflow.keys import (
    AssetCheckKey,
    AssetJobKey,
    AssetKey,
    NodeHandle,
    StepHandle,
    check_name,
    describe_job,
    mapped_step_key,
    nearest_key,
    prefix_parts,
    step_key_base,
)

RESERVED = [
    "arg_dict",
    "bool",
    "conf",
    "config",
    "context",
    "dict",
    "float",
    "input",
    "input_arg_dict",
    "int",
]
RESERVED += ["meta", "output", "output_arg_dict", "str", "type"]
texts = st.text(min_size=1, max_size=8)


@pytest.mark.parametrize("name", ["a", "A1", "_x", "9", "a__b", "result"])
def test_good_names(name: str) -> None:
    """Names have letters, digits and underscores, in any order."""
    assert check_name(name, "op") == name


@pytest.mark.parametrize("name", ["", "a b", "a-b", "a.b", "a\n", "é", "a/b", "<lambda>", None, 5])
def test_bad_names_are_quoted_with_the_rule(name: Any) -> None:
    """The message has the name, its owner and the regex."""
    with pytest.raises(DagflowInvalidDefinitionError) as raised:
        check_name(name, "input of op 'x'")

    assert f"\"{name}\" is not a valid name for an input of op 'x'" in str(raised.value)
    assert "^[A-Za-z0-9_]+$" in str(raised.value)


@pytest.mark.parametrize("name", [*keyword.kwlist, *RESERVED])
def test_reserved_names(name: str) -> None:
    """Keywords and reserved words are invalid, if `reserved` is set."""
    with pytest.raises(
        DagflowInvalidDefinitionError, match=f'"{name}" is not a valid name for a graph: .*reserved'
    ):
        check_name(name, "graph")
    assert check_name(name, "resource", reserved=False) == name


def test_an_asset_key_is_its_parts() -> None:
    """A string is one part, even with slashes. A sequence has one part for each element."""
    assert AssetKey("a/b").path == ["a/b"]
    assert AssetKey(["a", "b"]).path == AssetKey.from_user_string("a/b").path == ["a", "b"]
    assert AssetKey(("a", "b")) == AssetKey(["a", "b"])
    assert hash(AssetKey(("a", "b"))) == hash(AssetKey(["a", "b"]))
    assert AssetKey(["a", "b"]).to_user_string() == "a/b"
    assert AssetKey(["a", "b"]).to_string() == '["a", "b"]'
    assert repr(AssetKey("a")) == "AssetKey(['a'])"


@pytest.mark.parametrize("path", [5, None, ["a", 5], {"a": 1}, {"a"}])
def test_what_is_no_asset_key(path: Any) -> None:
    """An asset key only takes strings."""
    with pytest.raises(ParameterCheckError, match="parameter 'path' of an AssetKey"):
        AssetKey(path)


def test_keys_made_of_keys() -> None:
    """A prefix can be added to a key, and `has_prefix` finds it."""
    key = AssetKey("cup").with_prefix(["shop", "bar"])

    assert key == AssetKey(["shop", "bar", "cup"])
    assert key == AssetKey("cup").with_prefix("bar").with_prefix("shop")
    assert key.has_prefix(["shop"])
    assert not key.has_prefix(["bar"])
    assert AssetKey.from_coercible(key) is key
    assert AssetKey.from_coercible(["a"]) == AssetKey.from_coercible("a") == AssetKey("a")


@pytest.mark.parametrize(
    ("path", "suffix", "expected"),
    [(["p", "q", "b"], None, "p__q__b"), ("a-b.c", None, "a_b_c"), ("a", "io_manager", "a__io_manager")],
)
def test_the_name_of_an_assets_step(path: Any, suffix: str | None, expected: str) -> None:
    """The step key is the parts joined by two underscores."""
    assert AssetKey(path).to_python_identifier(suffix) == expected


@given(st.lists(st.lists(texts, min_size=1, max_size=3), max_size=5))
def test_keys_sort_as_their_parts(paths: list[list[str]]) -> None:
    """Keys are ordered and equal by their parts."""
    assert [key.path for key in sorted(map(AssetKey, paths))] == sorted(paths)


def test_a_check_key_shows_both_names() -> None:
    """A check key prints as asset, colon and check."""
    assert AssetCheckKey(AssetKey(["a", "b"]), "c").to_user_string() == "a/b:c"


def test_node_handles() -> None:
    """A node handle has a path of names, a root and ancestors."""
    handle = NodeHandle.from_string("kitchen.machine.brew")

    assert handle == NodeHandle("brew", NodeHandle("machine", NodeHandle("kitchen", None)))
    assert handle.path == ["kitchen", "machine", "brew"]
    assert str(handle) == handle.to_string() == "kitchen.machine.brew"
    assert handle.root == NodeHandle("kitchen")
    assert handle.is_or_descends_from(NodeHandle.from_string("kitchen.machine"))
    assert handle.is_or_descends_from(handle)
    assert not handle.is_or_descends_from(NodeHandle("machine"))
    with pytest.raises(ParameterCheckError, match="at least one name"):
        NodeHandle.from_path([])


def test_step_handles() -> None:
    """A step key is the path of its node, with the mapping key in brackets."""
    key = mapped_step_key("machine.brew", "a")
    handle = StepHandle(NodeHandle.from_string("machine.brew"), key, "a")

    assert handle.to_key() == str(handle) == "machine.brew[a]"
    assert step_key_base(key) == step_key_base("machine.brew") == "machine.brew"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["a"], "a"),
        (["a", "b"], "a/b"),
        (["a/b", "c"], "a\\/b/c"),
        (["a\\", "b"], "a\\\\/b"),
        (["a\\/b"], "a\\\\\\/b"),
        (["", ""], "/"),
        (["a\nb"], "a\nb"),
    ],
)
def test_escaped_keys(parts: list[str], text: str) -> None:
    """An escaped string has a backslash before each slash and backslash of a part, and comes back."""
    assert AssetKey(parts).to_escaped_user_string() == text
    assert AssetKey.from_escaped_user_string(text) == AssetKey(parts)


def test_escaped_keys_are_strings() -> None:
    """Other values are refused."""
    with pytest.raises(ParameterCheckError, match="from_escaped_user_string"):
        AssetKey.from_escaped_user_string(3)  # type: ignore[arg-type]


def test_prefixes() -> None:
    """A prefix is a list of parts, and a string is one part of a new prefix."""
    key = AssetKey(["p", "q", "a"])

    assert key == AssetKey("a").with_prefix(["p", "q"]) == AssetKey(["q", "a"]).with_prefix("p")
    assert (key.has_prefix(["p", "q"]), key.has_prefix([]), key.has_prefix(["q"])) == (True, True, False)
    for prefix in ("p", 3):
        with pytest.raises(ParameterCheckError, match="has_prefix"):
            key.has_prefix(prefix)  # type: ignore[arg-type]


def test_keys_of_definitions() -> None:
    """A definition of one asset and a source become their key; a spec and other values are refused."""

    @asset(key_prefix="p")
    def one() -> int:
        return 1

    convert = AssetKey.from_coercible_or_definition
    assert convert(one) == AssetKey(["p", "one"])
    assert convert(SourceAsset("q")) == AssetKey("q")
    assert convert("a/b") == AssetKey(["a/b"])
    for value in (AssetSpec("q"), 3):
        with pytest.raises(CheckError):
            convert(value)
    with pytest.raises(CheckError):
        AssetKey.from_coercible(one)  # type: ignore[arg-type]


def test_a_key_is_no_sequence() -> None:
    """A key cannot be iterated or indexed: its parts are in `path`."""
    with pytest.raises(TypeError):
        list(AssetKey(["a", "b"]))  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        AssetKey("a")[0]  # type: ignore[index]


CHECK = AssetCheckKey(AssetKey(["a", "b"]), "fresh")


def test_check_key_as_a_string():
    """The key of a check is written with a colon for users, and as JSON for stores; both are read back."""
    assert CHECK.to_user_string() == "a/b:fresh"
    assert AssetCheckKey.from_user_string("a/b:fresh") == CHECK
    assert CHECK.to_db_string() == '{"asset_key": "[\\"a\\", \\"b\\"]", "check_name": "fresh"}'
    assert AssetCheckKey.from_db_string(CHECK.to_db_string()) == CHECK


def test_job_key_as_a_string():
    """The key of a job is written as JSON for stores, and read back; another string is read as None."""
    key = AssetJobKey("nightly")

    assert key.to_db_string() == '{"job_name": "nightly"}'
    assert AssetJobKey.from_db_string(key.to_db_string()) == key
    assert deserialize_value(serialize_value(key), AssetJobKey) == key
    for text in ("zz", "[]", "5", CHECK.to_db_string(), '{"job_name": "a", "more": 1}'):
        assert AssetJobKey.from_db_string(text) is None


@pytest.mark.parametrize("text", ["zz", '{"a": 1}', "[]", '{"asset_key": "x", "check_name": "c"}'])
def test_another_stored_string_is_no_check_key(text):
    """A string that is no stored key of a check is read as None."""
    assert AssetCheckKey.from_db_string(text) is None


@pytest.mark.parametrize("text", ["ab", "a:b:c"])
def test_a_check_key_has_one_colon(text):
    """A string without exactly one colon is no key of a check."""
    with pytest.raises(CheckError, match="one colon"):
        AssetCheckKey.from_user_string(text)


def test_check_key_of_another_asset():
    """The asset of a key can be prefixed or replaced; a string is no asset key here."""
    assert CHECK.with_asset_key_prefix("p").asset_key == AssetKey(["p", "a", "b"])
    assert CHECK.with_asset_key_prefix(["p", "q"]).asset_key == AssetKey(["p", "q", "a", "b"])
    assert CHECK.replace_asset_key(AssetKey("z")) == AssetCheckKey(AssetKey("z"), "fresh")
    with pytest.raises(ParameterCheckError, match="asset_key"):
        CHECK.replace_asset_key("z")


class _Liar:
    """An object whose class is not what `__class__` returns."""

    __class__ = property(lambda self: str)  # type: ignore[assignment]


class _Drink(str, Enum):
    TEA = "tea"


def test_a_key_of_an_object_that_only_claims_to_be_a_string():
    """The class of a part counts, so a key never has a part that cannot be joined."""
    for path in (_Liar(), [_Liar()], ["tea", _Liar()]):
        with pytest.raises(ParameterCheckError, match="string or a sequence of strings"):
            AssetKey(path)  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match="asset_key_string"):
        AssetKey.from_user_string(_Liar())  # type: ignore[arg-type]


def test_a_key_of_a_string_enum():
    """A part of a subclass of str becomes a string."""
    key = AssetKey([_Drink.TEA, "cup"])

    assert (key, repr(key)) == (AssetKey(["tea", "cup"]), "AssetKey(['tea', 'cup'])")
    assert [type(part) for part in key.path] == [str, str]


def test_a_hint_about_a_key_without_parts():
    """A key without parts has no hint, instead of an error about its last part."""
    assert nearest_key(AssetKey([]), [AssetKey("tea")]) == ""


def test_the_parts_of_a_prefix():
    """An empty string and None are no prefix; a wrong value is refused."""
    assert [prefix_parts(each) for each in (None, "", [], "a", ("a", "b"))] == [
        (),
        (),
        (),
        ("a",),
        ("a", "b"),
    ]
    with pytest.raises(ParameterCheckError):
        prefix_parts(3)  # type: ignore[arg-type]


def test_the_job_of_a_target():
    """The job of the target of a schedule or sensor is described by the name that the user wrote."""
    assert describe_job("__anonymous_asset_job_daily") == "the target of 'daily'"
