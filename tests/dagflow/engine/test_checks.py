"""Checks in a run: their results, the order of their events, and what a failed blocking check stops."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from dagflow import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetMaterialization,
    AssetSelection,
    AssetSpec,
    DagflowAssetCheckFailedError,
    DagflowInstance,
    DagflowInvariantViolationError,
    DagflowStepOutputNotFoundError,
    Definitions,
    MaterializeResult,
    Output,
    RetryPolicy,
    asset,
    asset_check,
    materialize,
    materialize_to_memory,
    multi_asset_check,
)

ERROR, WARN = AssetCheckSeverity.ERROR, AssetCheckSeverity.WARN
PASSED = AssetCheckResult(passed=True)


@asset
def beans():
    """Return a value for the checks."""
    return 3


@asset
def coffee(beans):
    """Read the checked asset."""
    return beans + 1


def check_of(body, **arguments):
    """Return a check of the beans with this function."""
    return asset_check(**{"asset": beans, "name": "fresh", **arguments})(body)


def with_specs(body, *names, **arguments):
    """Return an asset with checks of these names in it."""
    specs = [AssetCheckSpec(name, asset="cup", **arguments) for name in names]
    return asset(name="cup", check_specs=specs)(body)


def run(*assets, **arguments):
    """Run assets and checks, and return the result also if it failed."""
    return materialize_to_memory(list(assets), raise_on_error=False, **arguments)


SHORT = {
    "ASSET_MATERIALIZATION": "MAT",
    "ASSET_CHECK_EVALUATION": "CHK",
    "STEP_SUCCESS": "OK",
    "STEP_FAILURE": "FAIL",
    "STEP_SKIPPED": "SKIP",
    "STEP_UP_FOR_RETRY": "RETRY",
}


def events(result):
    """Return the events about assets, checks and ends of steps, each with its step."""
    return [
        f"{event.step_key} {SHORT[event.event_type_value]}"
        for event in result.all_events
        if event.event_type_value in SHORT
    ]


def evaluated(result):
    """Return the names of the evaluated checks, and whether they passed."""
    return [(one.check_name, one.passed) for one in result.get_asset_check_evaluations()]


def error_of(result):
    """Return the class and the message of the error of the only failed step."""
    (event,) = result.get_step_failure_events()
    return event.step_failure_data.error.cls_name, event.step_failure_data.error.message


def returns(value: Any):
    """Return a function that returns a value."""
    return lambda: value


def yields(*values):
    """Return a generator function."""

    def body():
        yield from values

    return body


async def awaited():
    """Return a result after a switch to the event loop."""
    return PASSED


async def drained():
    """Yield a result of an async generator."""
    yield PASSED


@pytest.mark.parametrize(
    "body",
    [
        returns(PASSED),
        yields(PASSED),
        awaited,
        drained,
        returns((PASSED,)),
        returns([PASSED]),
        returns(AssetCheckResult(passed=True, asset_key="beans", check_name="fresh")),
    ],
)
def test_a_result_becomes_an_evaluation(body):
    """A result that is returned, yielded, awaited or in a tuple or list becomes an evaluation."""
    result = run(beans, check_of(body))

    assert events(result) == ["beans MAT", "beans OK", "beans_fresh CHK", "beans_fresh OK"]
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.asset_key, evaluation.check_name) == (AssetKey("beans"), "fresh")


@pytest.mark.parametrize(
    "body",
    [
        *(returns(value) for value in (None, True, 1, [], (PASSED, PASSED), MaterializeResult(), Output(1))),
        returns(AssetCheckEvaluation(AssetKey("beans"), "fresh", True)),
        yields(3),
        yields(MaterializeResult()),
        yields(PASSED, PASSED),
        returns(AssetCheckResult(passed=True, asset_key="tea")),
        yields(AssetCheckResult(passed=True, check_name="stale")),
    ],
)
def test_another_value_is_refused(body):
    """A function of a check fails if it does not give one result of the check."""
    result = run(beans, check_of(body))

    assert error_of(result)[0] == "DagflowInvariantViolationError"
    assert result.asset_materializations_for_node("beans")


def test_a_foreign_name_is_named():
    """The error about a result of another check names it and the declared one."""
    result = run(beans, check_of(returns(AssetCheckResult(passed=True, check_name="stale"))))

    assert "'stale'" in error_of(result)[1]
    assert "beans:fresh" in error_of(result)[1]


def test_no_result_is_a_missing_output():
    """A generator that yields no result fails as one that lacks an output."""
    assert error_of(run(beans, check_of(yields())))[0] == "DagflowStepOutputNotFoundError"


def test_only_exceptions_are_retried():
    """A check that raises is retried, one that does not pass is not."""
    attempts = []

    def flaky():
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError
        return AssetCheckResult(passed=False)

    result = run(beans, check_of(flaky, blocking=True, retry_policy=RetryPolicy(max_retries=3)))

    assert events(result)[2:] == ["beans_fresh RETRY", "beans_fresh CHK", "beans_fresh FAIL"]
    assert len(attempts) == 2


@pytest.mark.parametrize(
    ("body", "names", "expected"),
    [
        (returns(MaterializeResult(value=1, check_results=[PASSED])), ["hot"], ["MAT", "CHK", "OK"]),
        (yields(MaterializeResult(value=1, check_results=[PASSED])), ["hot"], ["MAT", "CHK", "OK"]),
        (yields(Output(1), PASSED), ["hot"], ["MAT", "CHK", "OK"]),
        (yields(PASSED, Output(1)), ["hot"], ["CHK", "MAT", "OK"]),
        (yields(MaterializeResult(value=1), PASSED), ["hot"], ["MAT", "CHK", "OK"]),
        (returns((1, PASSED)), ["hot"], ["MAT", "CHK", "OK"]),
        (returns((Output(1), PASSED)), ["hot"], ["MAT", "CHK", "OK"]),
    ],
)
def test_an_asset_gives_its_own_results(body, names, expected):
    """The function of an asset with check_specs gives results in a MaterializeResult, a tuple or by yield."""
    result = run(with_specs(body, *names))

    assert [event.removeprefix("cup ") for event in events(result)] == expected
    assert evaluated(result) == [("hot", True)]


@pytest.mark.parametrize(
    ("body", "names", "error"),
    [
        (returns(1), ["hot"], DagflowInvariantViolationError),
        (returns(Output(1)), ["hot"], DagflowInvariantViolationError),
        (returns(MaterializeResult()), ["hot"], DagflowInvariantViolationError),
        (returns(MaterializeResult(check_results=[PASSED])), ["hot", "new"], DagflowInvariantViolationError),
        (
            returns(MaterializeResult(check_results=[PASSED, PASSED])),
            ["hot"],
            DagflowInvariantViolationError,
        ),
        (returns((1, None)), ["hot"], DagflowInvariantViolationError),
        (yields(Output(1), PASSED, PASSED), ["hot"], DagflowInvariantViolationError),
        (yields(Output(1)), ["hot"], DagflowStepOutputNotFoundError),
        (yields(PASSED), ["hot"], DagflowStepOutputNotFoundError),
        (returns(PASSED), ["hot"], DagflowStepOutputNotFoundError),
        (returns(MaterializeResult(check_results=[PASSED])), [], DagflowInvariantViolationError),
        (yields(Output(1), PASSED), [], DagflowInvariantViolationError),
    ],
)
def test_an_asset_must_give_each_result_once(body, names, error):
    """A missing, repeated, ambiguous or undeclared result in an asset is an error."""
    assert error_of(run(with_specs(body, *names)))[0] == error.__name__


def test_one_returned_check_result_is_recorded_before_its_asset_is_missed():
    """A check result that is returned without the value of the asset counts as if it was yielded."""
    result = run(with_specs(returns(PASSED), "hot"))

    assert events(result) == ["cup CHK", "cup FAIL"]
    assert '"result"' in error_of(result)[1]


def test_an_asset_logs_an_evaluation():
    """An evaluation that an asset logs is an event of the run as it is, without a declaration."""
    evaluation = AssetCheckEvaluation(AssetKey("cup"), "any", True)

    @asset
    def cup(context):
        context.log_event(evaluation)

    result = run(cup)

    assert result.get_asset_check_evaluations() == [evaluation]
    assert result.get_asset_check_evaluations()[0].blocking is None


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([("beans", "fresh"), ("beans", "dry")], ["fresh", "dry"]),
        ([(None, "dry"), (None, "fresh")], ["dry", "fresh"]),
        ([("beans", None), ("beans", "dry")], None),
        ([(None, "fresh")], None),
        ([(None, "fresh"), (None, "fresh")], None),
    ],
)
def test_several_checks_of_one_function(results, expected):
    """Each result of several checks names its check, if the asset alone does not tell it."""
    specs = [AssetCheckSpec(name, asset="beans") for name in ("fresh", "dry")]
    items = [AssetCheckResult(passed=True, asset_key=key, check_name=name) for key, name in results]
    result = run(beans, multi_asset_check(specs=specs, name="both")(yields(*items)))

    assert result.success is (expected is not None)
    if expected is not None:
        assert [name for name, _ in evaluated(result)] == expected


def test_the_asset_tells_its_only_check():
    """The name of the check can be left out if the asset has one check, and the other way around."""
    specs = [AssetCheckSpec("fresh", asset="beans"), AssetCheckSpec("hot", asset="coffee")]
    named = [AssetCheckResult(passed=True, asset_key=key) for key in ("beans", "coffee")]
    without = [AssetCheckResult(passed=True, check_name=name) for name in ("fresh", "hot")]

    good = run(beans, coffee, multi_asset_check(specs=specs, name="both")(yields(*named)))
    bad = run(beans, coffee, multi_asset_check(specs=specs, name="both")(yields(*without)))

    assert [name for name, _ in evaluated(good)] == ["fresh", "hot"]
    assert "asset_key" in error_of(bad)[1]


@pytest.mark.parametrize("is_blocking", [True, False])
@pytest.mark.parametrize("severity", [ERROR, WARN])
@pytest.mark.parametrize("passed", [True, False])
def test_a_failed_blocking_check_stops_dependents(passed, severity, is_blocking):
    """Dependents of an asset run unless a blocking check of it fails with the severity ERROR."""
    body = returns(AssetCheckResult(passed=passed, severity=severity, description="old"))
    result = run(beans, coffee, check_of(body, blocking=is_blocking))

    stops = is_blocking and not passed and severity is ERROR
    assert result.success is not stops
    assert ("coffee OK" in events(result)) is not stops
    if stops:
        assert events(result) == ["beans MAT", "beans OK", "beans_fresh CHK", "beans_fresh FAIL"]
        name, message = error_of(result)
        assert name == "DagflowAssetCheckFailedError"
        assert "1 blocking asset check failed" in message
        assert "beans: fresh (old)" in message


def test_a_failed_blocking_check_is_raised():
    """With raise_on_error the error about the blocking check is raised itself."""
    with pytest.raises(DagflowAssetCheckFailedError, match="beans: fresh"):
        materialize_to_memory([beans, check_of(returns(AssetCheckResult(passed=False)), blocking=True)])


def test_a_blocking_check_in_an_asset_keeps_the_materialization():
    """The step of an asset fails after its blocking check, but the asset stays materialized."""
    body = returns(MaterializeResult(value=1, check_results=[AssetCheckResult(passed=False)]))

    @asset
    def drink(cup):
        return cup

    result = run(with_specs(body, "hot", blocking=True), drink)

    assert events(result) == ["cup MAT", "cup CHK", "cup FAIL"]


def test_all_blocking_checks_run_and_dependents_need_all():
    """Each blocking check runs, and one that fails is enough to stop the dependents."""
    good = check_of(returns(PASSED), name="zeal", blocking=True)
    bad = check_of(returns(AssetCheckResult(passed=False)), name="fresh", blocking=True)
    result = run(beans, coffee, good, bad)

    assert evaluated(result) == [("fresh", False), ("zeal", True)]
    assert "coffee OK" not in events(result)


def test_one_blocking_check_of_several_stops_its_asset_only():
    """Of a function with several checks, only the dependents of the asset with the blocking check wait."""
    specs = [AssetCheckSpec("fresh", asset="beans", blocking=True), AssetCheckSpec("wet", asset="water")]
    failed = [AssetCheckResult(passed=False, asset_key=key) for key in ("beans", "water")]

    @asset
    def water():
        return 1

    @asset
    def tea(water):
        return water

    result = run(beans, coffee, water, tea, multi_asset_check(specs=specs, name="both")(yields(*failed)))

    assert "tea OK" in events(result)
    assert "coffee OK" not in events(result)
    assert "both FAIL" in events(result)


def test_the_checks_of_a_failed_asset_do_not_run():
    """A check has no event if its asset failed, and is skipped if the asset was not made."""

    @asset(name="beans")
    def raising():
        raise ValueError

    @asset(name="beans", output_required=False)
    def absent():
        yield from ()

    assert events(run(raising, check_of(returns(PASSED)))) == ["beans FAIL"]
    assert events(run(absent, check_of(returns(PASSED)))) == ["beans OK", "beans_fresh SKIP"]


def test_a_check_of_an_external_asset_blocks_in_the_job_of_a_project():
    """In the job of all assets, a failed blocking check of an external asset stops its dependents."""

    @asset(deps=["ext"])
    def reader():
        return 1

    check = check_of(returns(AssetCheckResult(passed=False)), asset="ext", blocking=True)
    nowhere = check_of(returns(PASSED), asset="nowhere")
    project = Definitions(assets=[reader, AssetSpec("ext")], asset_checks=[check, nowhere])
    result = project.get_implicit_global_asset_job_def().execute_in_process(raise_on_error=False)

    assert events(result) == ["ext_fresh CHK", "ext_fresh FAIL", "nowhere_fresh CHK", "nowhere_fresh OK"]
    assert run(reader, AssetSpec("ext"), check, nowhere).get_asset_check_evaluations() == []


def test_the_facts_of_an_evaluation():
    """An evaluation has blocking of its spec, description and metadata of its result, and no event asset."""
    body = returns(AssetCheckResult(passed=False, metadata={"n": 1}, severity=WARN, description="old"))
    result = run(beans, check_of(body, blocking=True, description="of the spec", metadata={"spec": 2}))
    (event,) = [event for event in result.all_events if event.event_type_value == "ASSET_CHECK_EVALUATION"]
    evaluation = event.asset_check_evaluation_data

    assert (evaluation.blocking, evaluation.severity, evaluation.description) == (True, WARN, "old")
    assert evaluation.metadata["n"].value == 1
    assert list(evaluation.metadata) == ["n"]
    assert (event.asset_key, event.partition) == (None, None)
    assert event.asset_check_key == AssetCheckKey(AssetKey("beans"), "fresh")
    assert event.message == "Asset check 'fresh' on 'beans' did not pass. old"


@pytest.fixture(name="instance", params=["memory", "sqlite"])
def _instance(request: pytest.FixtureRequest):
    make = DagflowInstance.ephemeral if request.param == "memory" else DagflowInstance.local_temp
    with make() as instance:
        yield instance


def targets(result):
    """Return the target of each evaluation."""
    return [one.target_materialization_data for one in result.get_asset_check_evaluations()]


def test_the_target_is_the_latest_materialization(instance):
    """An evaluation has the storage id, run and time of the materialization of its asset in this run."""
    run(beans, instance=instance)
    result = run(beans, check_of(returns(PASSED)), instance=instance)
    (record,) = instance.fetch_materializations("beans", limit=1).records

    expected = (record.storage_id, result.run_id, record.timestamp)
    assert targets(result) == [expected]
    assert [pickle.loads(pickle.dumps(one)) for one in targets(result)] == [expected]
    (stored,) = instance.event_log_storage.get_asset_check_execution_history(
        AssetCheckKey(AssetKey("beans"), "fresh"), limit=5
    )
    assert stored.evaluation.target_materialization_data == expected


def test_the_target_is_of_an_earlier_run(instance):
    """A check that runs without its asset has the materialization of an earlier run; None without any."""
    check = check_of(returns(PASSED))
    selection = AssetSelection.checks(check)
    never = materialize([beans, check], instance=instance, selection=selection)
    earlier = materialize([beans], instance=instance)
    later = materialize([beans, check], instance=instance, selection=selection)
    instance.wipe_assets(["beans"])
    wiped = materialize([beans, check], instance=instance, selection=selection)

    assert targets(never) == [None]
    assert [target.run_id for target in targets(later)] == [earlier.run_id]
    assert targets(wiped) == [None]


def test_the_target_is_before_the_evaluation(instance):
    """A materialization after the evaluation is not its target, whenever the target is read."""

    def body():
        yield PASSED
        yield AssetMaterialization("cup")
        yield Output(1)

    cup = with_specs(body, "hot")
    first = run(cup, instance=instance)
    second = run(cup, instance=instance)
    records = instance.fetch_materializations("cup", limit=9).records

    assert targets(first) == [None]
    assert [target.storage_id for target in targets(second)] == [records[2].storage_id]


def test_a_target_in_a_deleted_run_is_unknown():
    """The target is None if it is read in memory after its run was deleted."""
    instance = DagflowInstance.ephemeral()
    result = run(beans, check_of(returns(PASSED)), instance=instance)
    instance.delete_run(result.run_id)

    assert targets(result) == [None]


def planned(instance, result):
    """Return the planned events of a run with its first event, as (type, step, check, partitions)."""
    found = []
    for entry in instance.all_logs(result.run_id):
        event = entry.dagflow_event
        if event is None or event.event_type_value == "PIPELINE_START":
            break
        subset = event.event_specific_data.partitions_subset
        keys = None if subset is None else sorted(subset.get_partition_keys())
        found.append((event.event_type_value, event.step_key, event.asset_check_key, keys))
    return found


def test_checks_are_planned_before_the_run_starts(instance):
    """The instance logs each check of the plan after the planned materializations, before the run starts."""
    result = run(beans, check_of(returns(PASSED)), instance=instance)

    key = AssetCheckKey(AssetKey("beans"), "fresh")
    assert planned(instance, result) == [
        ("ASSET_MATERIALIZATION_PLANNED", "beans", None, None),
        ("ASSET_CHECK_EVALUATION_PLANNED", "beans_fresh", key, None),
    ]
