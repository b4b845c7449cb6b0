"""Results of asset checks: they have plain fields and are compared by value."""

from __future__ import annotations

import copy
import pickle

import pytest

from dagflow import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetKey,
    MetadataValue,
    ParameterCheckError,
)
from dagflow.events.check import AssetCheckEvaluationTargetMaterializationData

FIELDS = {
    "passed": True,
    "asset_key": AssetKey("water"),
    "check_name": "wet",
    "severity": AssetCheckSeverity.WARN,
    "description": "said",
}


def test_a_result_has_defaults():
    """`passed` is the only required argument; the default severity is ERROR."""
    result = AssetCheckResult(passed=False)

    assert (result.asset_key, result.check_name, result.description, result.metadata) == (
        None,
        None,
        None,
        {},
    )
    assert result.severity is AssetCheckSeverity.ERROR
    assert AssetCheckResult(passed=True, asset_key="a").asset_key == AssetKey("a")


def test_an_evaluation_has_defaults():
    """Asset, check and `passed` are the only required arguments."""
    made = AssetCheckEvaluation(AssetKey("water"), "wet", True)

    assert made.asset_check_key == AssetCheckKey(AssetKey("water"), "wet")
    assert (made.blocking, made.partition, made.target_materialization_data) == (None, None, None)


@pytest.mark.parametrize("kind", [AssetCheckResult, AssetCheckEvaluation])
def test_metadata_can_be_replaced(kind):
    """`with_metadata` returns a copy with other metadata; the other fields and the original are unchanged."""
    made = kind(**FIELDS, metadata={"n": 1})

    assert made.metadata == {"n": MetadataValue.int(1)}
    assert made.with_metadata({"new": 2}) == kind(**FIELDS, metadata={"new": 2})
    assert made == kind(**FIELDS, metadata={"n": 1})
    assert hash(made) == hash(kind(**FIELDS, metadata={"n": 1}))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (AssetCheckResult, {"passed": 1}),
        (AssetCheckResult, {"check_name": 1}),
        (AssetCheckResult, {"severity": "WARN"}),
        (AssetCheckResult, {"description": 1}),
        (AssetCheckEvaluation, {"asset_key": "water"}),
        (AssetCheckEvaluation, {"passed": 1}),
        (AssetCheckEvaluation, {"check_name": 1}),
        (AssetCheckEvaluation, {"severity": "WARN"}),
        (AssetCheckEvaluation, {"description": 1}),
    ],
)
def test_arguments_of_the_wrong_type(kind, wrong):
    """The error names the argument of the wrong type."""
    with pytest.raises(ParameterCheckError, match=f"'{next(iter(wrong))}' must be"):
        kind(**{**FIELDS, **wrong})


TARGET = AssetCheckEvaluationTargetMaterializationData(3, "run", 1.5)


def test_the_target_is_found_when_it_is_read():
    """A function for the target is called once; copies, pickles and comparisons read the target."""
    calls = []

    def find():
        calls.append(1)
        return TARGET

    late = AssetCheckEvaluation(AssetKey("a"), "c", True)
    late.find_target(find)
    given = AssetCheckEvaluation(AssetKey("a"), "c", True, target_materialization_data=TARGET)

    assert not calls
    assert late == given
    assert pickle.loads(pickle.dumps(late)) == copy.deepcopy(late) == given
    assert late.with_metadata({"n": 1}).target_materialization_data is TARGET
    assert calls == [1]


def test_another_target_is_refused():
    """Only the data of a materialization is a target."""
    with pytest.raises(ParameterCheckError, match="target_materialization_data"):
        AssetCheckEvaluation(AssetKey("a"), "c", True, target_materialization_data=3)
