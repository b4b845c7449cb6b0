"""The checks of the arguments of AssetsDefinition: their types, and how they fit each other."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AllPartitionMapping,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    Out,
    StaticPartitionsDefinition,
    op,
)
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, ParameterCheckError

A, B = AssetKey("a"), AssetKey("b")
PARTS = StaticPartitionsDefinition(["mon"])


@op
def one() -> int:
    return 1


@op
def next_one(x: Any) -> Any:
    return x + 1


@op(out={"a": Out(metadata={"m": 1}, is_required=False), "b": Out()})
def two() -> Any:
    return 1, 2


def _of(node_def: Any = one, **more: Any) -> AssetsDefinition:
    return AssetsDefinition(**{"keys_by_output_name": {"result": A}, "node_def": node_def, **more})


def test_facts_by_key() -> None:
    """Facts by key and facts of the outputs make the specs; each asset depends on all inputs by default."""
    made = AssetsDefinition(
        node_def=two,
        keys_by_output_name={"a": A, "b": B},
        metadata_by_key={A: {"n": 2}},
        group_names_by_key={A: "g"},
        code_versions_by_key={B: "1"},
    )
    read = _of(next_one, keys_by_input_name={"x": AssetKey("x")})
    less = _of(next_one, keys_by_input_name={"x": AssetKey("x")}, asset_deps={A: set()})

    assert made.metadata_by_key[A] == {"m": 1, "n": 2}
    assert made.group_names_by_key == {A: "g", B: "default"}
    assert [spec.skippable for spec in made.specs] == [True, False]
    assert made.code_versions_by_key[B] == "1"
    assert (read.asset_deps, less.asset_deps) == ({A: {AssetKey("x")}}, {A: set()})


def test_a_selected_part() -> None:
    """`selected_asset_keys` selects some of the assets."""
    part = AssetsDefinition(
        node_def=two, keys_by_output_name={"a": A, "b": B}, selected_asset_keys={A}, can_subset=True
    )

    assert (part.keys, set(part.specs_by_key)) == ({A}, {A, B})


def test_declarations() -> None:
    """Without a node the assets are only read."""
    declared = AssetsDefinition(specs=[AssetSpec("a"), AssetSpec("a"), AssetSpec("b")])

    assert declared.keys == {A, B}
    assert not declared.is_executable


CHECK = AssetCheckSpec("c", asset="a")
WRONG = [
    ("nothing", AssetsDefinition, CheckError, "needs a 'node_def'"),
    ("only a node", lambda: AssetsDefinition(node_def=one), CheckError, "needs a 'node_def'"),
    ("only keys", lambda: _of(None), CheckError, "but no 'node_def'"),
    (
        "specs and keys",
        lambda: AssetsDefinition(specs=[AssetSpec("a")], keys_by_input_name={"x": B}),
        CheckError,
        "but no 'node_def'",
    ),
    ("no node", lambda: _of(3), ParameterCheckError, "'node_def'"),
    ("a str key", lambda: _of(keys_by_output_name={"result": "a"}), CheckError, "Give an AssetKey"),
    ("unknown output", lambda: _of(keys_by_output_name={"x": A}), CheckError, "no output of op 'one'"),
    ("unknown input", lambda: _of(keys_by_input_name={"x": A}), CheckError, "no input of op 'one'"),
    (
        "unknown check",
        lambda: _of(check_specs_by_output_name={"x": CHECK}),
        CheckError,
        "no output of op 'one'",
    ),
    (
        "asset and check",
        lambda: _of(check_specs_by_output_name={"result": CHECK}),
        CheckError,
        "gives the asset 'a' and the check 'a:c'",
    ),
    (
        "one key twice",
        lambda: _of(two, keys_by_output_name={"a": A, "b": A}),
        CheckError,
        "the same asset key",
    ),
    (
        "facts twice",
        lambda: _of(specs=[AssetSpec("a")], tags_by_key={A: {}}),
        CheckError,
        "'specs' and 'tags_by",
    ),
    (
        "another spec",
        lambda: _of(specs=[AssetSpec("b")]),
        CheckError,
        r"without a spec: \['a'\].*output: \['b'\]",
    ),
    ("no spec", lambda: _of(specs=["a"]), CheckError, "holds 'a' of type 'str'"),
    ("no list", lambda: _of(specs="a"), ParameterCheckError, "must be a list of AssetSpecs"),
    (
        "two specs",
        lambda: AssetsDefinition(specs=[AssetSpec("a"), AssetSpec("a", group_name="g")]),
        DagflowInvalidDefinitionError,
        "two different AssetSpecs have the key 'a'",
    ),
    (
        "deps of others",
        lambda: _of(asset_deps={B: set()}),
        CheckError,
        r"has the keys \['b'\], but .* \['a'\]",
    ),
    ("group", lambda: _of(group_names_by_key={A: 3}), CheckError, "'group_name' of asset 'a'"),
    ("partitions", lambda: _of(partitions_def=3), ParameterCheckError, "'partitions_def'"),
    (
        "other partitions",
        lambda: _of(
            specs=[AssetSpec("a", partitions_def=PARTS)], partitions_def=StaticPartitionsDefinition(["tue"])
        ),
        CheckError,
        "the AssetSpec of 'a' has the partitions",
    ),
    ("hooks", lambda: _of(hook_defs=[1]), ParameterCheckError, "'hook_defs'"),
    ("kind of execution", lambda: _of(execution_type=3), ParameterCheckError, "'execution_type'"),
    (
        "mapping",
        lambda: _of(partition_mappings={B: AllPartitionMapping()}),
        CheckError,
        "op 'one' received a partition mapping for asset 'b', which it does not depend on",
    ),
    (
        "itself",
        lambda: _of(next_one, keys_by_input_name={"x": A}),
        DagflowInvalidDefinitionError,
        "asset 'a' depends on itself",
    ),
    (
        "policy of a declaration",
        lambda: AssetsDefinition(specs=[AssetSpec("a")], backfill_policy=BackfillPolicy.single_run()),
        CheckError,
        "so nothing makes its assets",
    ),
    (
        "part of a declaration",
        lambda: AssetsDefinition(specs=[AssetSpec("a")], can_subset=True),
        CheckError,
        "so nothing makes its assets",
    ),
]


@pytest.mark.parametrize(
    ("define", "error", "match"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_is_refused(define: Any, error: type[Exception], match: str) -> None:
    """Each mistake is refused by the constructor."""
    with pytest.raises(error, match=match):
        define()
