"""AssetOut: its arguments, their checks, and the output and the spec that it gives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dagflow import (
    AssetDep,
    AssetKey,
    AssetOut,
    AssetSpec,
    AutoMaterializePolicy,
    AutomationCondition,
    BackfillPolicy,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    FreshnessPolicy,
    LegacyFreshnessPolicy,
    Out,
    StaticPartitionsDefinition,
)

PARTS = StaticPartitionsDefinition(["a", "b"])
EAGER = AutomationCondition.eager()
FRESH = FreshnessPolicy.time_window(timedelta(hours=1))
OLD_FRESH = LegacyFreshnessPolicy(maximum_lag_minutes=3)
K = AssetKey("k")


def test_defaults():
    """An AssetOut without arguments has no facts, and its output is required."""
    out = AssetOut()

    assert (out.key, out.key_prefix, out.group_name, out.io_manager_key) == (None, None, None, None)
    assert (out.metadata, out.tags, out.owners, out.kinds) == ({}, {}, [], set())
    assert (out.is_required, out.is_virtual, out.backfill_policy) == (True, False, None)
    assert out.to_out() == Out(io_manager_key="io_manager")


def test_the_key_of_an_output():
    """The key is the name of the output, with a prefix if given, or the key of the AssetOut."""
    assert AssetOut().key_for("o") == AssetKey("o")
    assert AssetOut("p").key_for("o") == AssetKey(["p", "o"])
    assert AssetOut(["p", "q"]).key_for("o") == AssetKey(["p", "q", "o"])
    assert AssetOut(key="a/b").key_for("o") == AssetKey(["a/b"])


def test_facts_are_kept():
    """Each argument is an attribute with the same name."""
    out = AssetOut(
        automation_condition=EAGER,
        backfill_policy=BackfillPolicy.single_run(),
        owners=["team:x"],
        tags={"t": "1"},
        kinds={"sql"},
        freshness_policy=FRESH,
        legacy_freshness_policy=OLD_FRESH,
        is_virtual=True,
    )

    assert (out.automation_condition, out.backfill_policy) == (EAGER, BackfillPolicy.single_run())
    assert (out.owners, out.tags, out.kinds) == (["team:x"], {"t": "1", "dagflow/kind/sql": ""}, {"sql"})
    assert (out.freshness_policy, out.legacy_freshness_policy, out.is_virtual) == (FRESH, OLD_FRESH, True)
    assert out.auto_materialize_policy == AutoMaterializePolicy.from_automation_condition(EAGER)


def test_its_output():
    """The output has the type, the description, the I/O manager, the metadata and the code version."""
    out = AssetOut(None, None, int, "d", False, "io", {"m": 1}, code_version="v").to_out()

    assert out == Out(int, "d", False, "io", {"m": 1}, "v")


def test_its_spec():
    """The spec has all facts, the given dependencies and further tags, over which its own tags win."""
    out = AssetOut(
        description="d", metadata={"m": 1}, group_name="g", code_version="v", tags={"a": "1"}, kinds={"sql"}
    )

    assert out.to_spec(K, [AssetDep("z")], {"a": "2", "b": "2"}) == AssetSpec(
        K,
        deps=["z"],
        description="d",
        metadata={"m": 1},
        group_name="g",
        code_version="v",
        tags={"b": "2", "a": "1"},
        kinds={"sql"},
    )
    assert out.to_spec("k", [], partitions_def=PARTS).partitions_def == PARTS
    assert AssetOut(key="other").to_spec(K, []).key == K


def test_from_a_spec():
    """An AssetOut of a spec gives back that spec."""
    spec = AssetSpec(
        K,
        description="d",
        metadata={"m": 1},
        skippable=True,
        group_name="g",
        code_version="v",
        automation_condition=EAGER,
        owners=["team:x"],
        tags={"t": "1"},
        kinds={"sql"},
        partitions_def=PARTS,
        freshness_policy=FRESH,
        is_virtual=True,
    )
    out = AssetOut.from_spec(spec, int, False, "io", BackfillPolicy.multi_run())

    assert out.to_spec(K, []) == spec
    assert out.to_spec(K, [], partitions_def=None).partitions_def is None
    assert (out.key, out.is_required, out.backfill_policy) == (K, False, BackfillPolicy.multi_run())
    assert out.to_out() == Out(int, "d", False, "io", {"m": 1}, "v")


def test_the_io_manager_of_a_spec():
    """The I/O manager of the spec stores the asset, unless another one is given."""
    spec = AssetSpec(K).with_io_manager_key("cellar")

    assert AssetOut.from_spec(spec).to_out().io_manager_key == "cellar"
    assert AssetOut.from_spec(spec, io_manager_key="io").to_out().io_manager_key == "io"


def test_a_spec_with_dependencies():
    """A spec with dependencies is refused with its key."""
    with pytest.raises(DagflowInvalidDefinitionError, match="'k' with 'deps'"):
        AssetOut.from_spec(AssetSpec(K, deps=["z"]))
    with pytest.raises(CheckError, match="'spec' of AssetOut"):
        AssetOut.from_spec("k")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"key": "a", "key_prefix": "p"}, CheckError),
        ({"key": 3}, CheckError),
        ({"key_prefix": 3}, CheckError),
        ({"description": 3}, CheckError),
        ({"is_required": 3}, CheckError),
        ({"io_manager_key": 3}, CheckError),
        ({"metadata": {1: 1}}, CheckError),
        ({"group_name": ""}, DagflowInvalidDefinitionError),
        ({"group_name": "a b"}, DagflowInvalidDefinitionError),
        ({"code_version": 3}, CheckError),
        ({"automation_condition": 3}, CheckError),
        ({"backfill_policy": 3}, CheckError),
        ({"owners": ["x"]}, DagflowInvalidDefinitionError),
        ({"owners": "x"}, CheckError),
        ({"tags": {"a b": "c"}}, DagflowInvalidDefinitionError),
        ({"kinds": set("abcdefghijk")}, DagflowInvalidDefinitionError),
        ({"freshness_policy": 3}, CheckError),
        ({"is_virtual": 3}, CheckError),
        (
            {"auto_materialize_policy": AutoMaterializePolicy.eager(), "automation_condition": EAGER},
            DagflowInvariantViolationError,
        ),
        ({"dagflow_type": 3}, DagflowInvalidDefinitionError),
        ({"foo": 3}, TypeError),
    ],
)
def test_arguments_are_checked(arguments, error):
    """An invalid argument is refused at once."""
    with pytest.raises(error):
        AssetOut(**arguments)


def test_messages_name_the_key():
    """The message of an error has the key if there is one."""
    with pytest.raises(DagflowInvalidDefinitionError, match="an AssetOut of asset 'k'"):
        AssetOut(key="k", owners=["x"])
    with pytest.raises(DagflowInvalidDefinitionError, match="of an AssetOut"):
        AssetOut(owners=["x"])


def test_equal_by_value():
    """AssetOuts with the same arguments are equal."""
    assert AssetOut("p", tags={"a": "1"}) == AssetOut("p", tags={"a": "1"}) != AssetOut("p")
    assert hash(AssetOut("p")) == hash(AssetOut("p"))
    assert repr(AssetOut(key="k")) == "AssetOut(AssetKey(['k']))"
