"""MaterializeResult and ObserveResult, and what they have in common."""

from __future__ import annotations

import pickle

import pytest

from dagflow import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetKey,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidMetadata,
    DataVersion,
    ElementCheckError,
    MaterializeResult,
    MetadataValue,
    ObserveResult,
    Output,
    ParameterCheckError,
)
from dagflow._util import UNSET

BOTH = pytest.mark.parametrize("result", [ObserveResult, MaterializeResult])


def test_equal_by_value():
    """Results are equal by class and arguments, also after a pickle."""
    arguments = ("a", {"n": 1}, [AssetCheckResult(passed=True)], DataVersion("1"), {"k": "v"})

    assert ObserveResult(*arguments) == ObserveResult(*arguments)
    assert pickle.loads(pickle.dumps(ObserveResult(*arguments))) == ObserveResult(*arguments)
    assert ObserveResult("a") != MaterializeResult("a")
    assert ObserveResult("a") != ObserveResult("b")


def test_fields():
    """The key is coerced, a string is one part, and the metadata stay as given."""
    result = ObserveResult("a/b", {"n": 1}, data_version=DataVersion("1"), tags={"k": "v"})

    assert result.asset_key == AssetKey(["a/b"])
    assert (result.metadata, result.check_results, result.tags) == ({"n": 1}, [], {"k": "v"})
    assert result.data_version == DataVersion("1")


def test_no_value():
    """An observation stores nothing, so it takes no value."""
    with pytest.raises(TypeError, match="value"):
        ObserveResult(value=1)


@BOTH
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"asset_key": 3}, ParameterCheckError),
        ({"metadata": "x"}, CheckError),
        ({"metadata": {1: 1}}, CheckError),
        ({"check_results": [1]}, ElementCheckError),
        ({"check_results": [Output(1)]}, ElementCheckError),
        ({"check_results": AssetCheckResult(passed=True)}, CheckError),
        ({"check_results": [AssetCheckEvaluation(AssetKey("a"), "c", True)]}, ElementCheckError),
        ({"data_version": "x"}, ParameterCheckError),
        ({"tags": {"a": 1}}, DagflowInvalidDefinitionError),
        ({"tags": "x"}, ParameterCheckError),
    ],
)
def test_checks_of_the_constructor(result, arguments, error):
    """An argument of the wrong type is refused at once."""
    with pytest.raises(error):
        result(**arguments)


@BOTH
def test_check_result_by_name(result):
    """A check result is found by its name; an unknown name raises the known ones."""
    wet = AssetCheckResult(passed=True, check_name="wet")

    assert result(check_results=[wet]).check_result_named("wet") is wet
    with pytest.raises(CheckError, match=r"no check result named 'dry'.*\['wet'\]"):
        result(check_results=[wet]).check_result_named("dry")


def test_a_materialize_result_keeps_its_metadata_as_given():
    """`metadata` is the argument unchanged; invalid metadata raises in the constructor."""
    result = MaterializeResult(metadata={"n": 1})

    assert (result.metadata, result.normalized_metadata()) == ({"n": 1}, {"n": MetadataValue.int(1)})
    with pytest.raises(DagflowInvalidMetadata, match="'n'"):
        MaterializeResult(metadata={"n": object()})


def test_a_materialize_result_without_a_value():
    """A missing value differs from None."""
    assert MaterializeResult().value is UNSET
    assert MaterializeResult(value=None).value is None
    assert MaterializeResult().asset_key is None
