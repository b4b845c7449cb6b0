"""Tests of the checks that the columns of a table stay the same."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckSeverity,
    AssetMaterialization,
    DagflowInstance,
    Definitions,
    ParameterCheckError,
    TableColumn,
    TableColumnConstraints,
    TableSchema,
    build_column_schema_change_checks,
)

KEY = "dagflow/column_schema"
CHANGED = "Column schema changed between previous and latest materialization.\n\n"
SAME = "No changes to column schema between previous and latest materialization"


def columns(**types):
    """Return the metadata with the types of columns."""
    return {KEY: TableSchema.from_name_type_dict(types)}


def check(*metadata, **arguments):
    """Return the evaluation of the check after materializations with this metadata."""
    instance = DagflowInstance.ephemeral()
    for one in metadata:
        instance.report_runless_asset_event(AssetMaterialization("beans", metadata=one))
    checks = build_column_schema_change_checks(assets=["beans"], **arguments)
    job = Definitions(asset_checks=checks).get_implicit_global_asset_job_def()
    (evaluation,) = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    return evaluation


DESCRIBED = {KEY: TableSchema([TableColumn("x", "int", "a number", TableColumnConstraints(nullable=False))])}


@pytest.mark.parametrize(
    ("metadata", "passed", "description"),
    [
        ([], True, "The asset has been materialized fewer than 2 times"),
        ([columns(x="int")], True, "The asset has been materialized fewer than 2 times"),
        ([{}, {}], False, "Latest materialization has no column schema metadata"),
        ([columns(x="int"), {KEY: "x"}], False, "Latest materialization has no column schema metadata"),
        ([{}, columns(x="int")], False, "Previous materialization has no column schema metadata"),
        ([columns(x="int", y="str"), columns(y="str", x="int")], True, SAME),
        ([columns(z="int"), columns(x="int"), DESCRIBED], True, SAME),
        ([columns(x="int"), columns(x="int", y="s", z="s")], False, f"{CHANGED}Added columns: y, z"),
        (
            [columns(a="int", b="int", c="x"), columns(a="str", b="str", d="u")],
            False,
            f"{CHANGED}Added columns: d\n\nRemoved columns: c\n\nColumn type changes:\n- a: int -> str\n"
            "- b: int -> str",
        ),
    ],
)
def test_the_last_two_materializations_decide(metadata, passed, description):
    """Names and types of columns must be the same in the two latest materializations."""
    evaluation = check(*metadata)

    assert (evaluation.passed, evaluation.description) == (passed, description)
    assert evaluation.severity is AssetCheckSeverity.WARN


def test_one_definition_of_all_assets():
    """The checks of all assets have one op, which is named after them. An asset may be named twice."""
    (checks,) = build_column_schema_change_checks(assets=["a", "b", "a"])

    assert checks.node_def.name == "asset_check_9e597e36"
    assert sorted(key.to_user_string() for key in checks.check_keys) == [
        "a:column_schema_change", "b:column_schema_change"
    ]  # fmt: skip


def test_invalid_arguments():
    """An invalid argument is refused when the checks are built."""
    with pytest.raises(ParameterCheckError, match="'severity'"):
        build_column_schema_change_checks(assets=["a"], severity=1)
    with pytest.raises(ParameterCheckError, match="'assets'"):
        build_column_schema_change_checks(assets="a")
