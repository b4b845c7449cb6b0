"""Checks of a function that makes several assets, and of graphs: their results, and parts of them."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    DagflowInstance,
    DagflowInvalidDefinitionError,
    DagflowInvalidSubsetError,
    DynamicOut,
    DynamicOutput,
    GraphOut,
    MaterializeResult,
    Output,
    asset,
    asset_check,
    graph,
    graph_asset,
    materialize_to_memory,
    multi_asset,
    multi_asset_check,
    op,
)
from dagflow.testing import run_options

PASSED, FAILED = AssetCheckResult(passed=True), AssetCheckResult(passed=False)


def result_of(key, *check_results):
    """Return the result of an asset with results of checks."""
    return MaterializeResult(key, check_results=list(check_results))


def both(body, checks=(("tea", "hot"),), blocking=False, **arguments):
    """Return two assets of one function, with these checks."""
    specs = [AssetCheckSpec(name, asset=key, blocking=blocking) for key, name in checks]
    return multi_asset(
        specs=[AssetSpec("tea"), AssetSpec("milk")], check_specs=specs, name="both", **arguments
    )(body)


@asset(deps=["tea"])
def drinker():
    """Depend on the tea."""


@asset(deps=["milk"])
def cat():
    """Depend on the milk."""


SHORT = {
    "ASSET_MATERIALIZATION": "MAT",
    "ASSET_CHECK_EVALUATION": "CHK",
    "STEP_SUCCESS": "OK",
    "STEP_FAILURE": "FAIL",
}


def run(*assets, **arguments):
    """Return the result, and the events of the function, as asset or check names."""
    result = materialize_to_memory([*assets], raise_on_error=False, **arguments)
    found = []
    for event in result.all_events:
        kind = SHORT.get(event.event_type_value)
        if kind is not None and event.step_key == "both":
            of = event.asset_key or event.asset_check_key
            found.append(kind if of is None else f"{kind} {of.to_user_string()}")
    return result, found


ONE = (("tea", "hot"),)
TWO = (("tea", "hot"), ("milk", "hot"))


@pytest.mark.parametrize(
    ("values", "checks", "expected"),
    [
        (
            [result_of("tea", PASSED), result_of("milk")],
            ONE,
            ["MAT tea", "CHK tea:hot", "MAT milk", "OK"],
        ),
        ([result_of("tea"), result_of("milk"), PASSED], ONE, ["MAT tea", "MAT milk", "CHK tea:hot", "OK"]),
        ([result_of("tea"), PASSED], ONE, ["MAT tea", "CHK tea:hot", "MAT milk", "OK"]),
        (
            [
                result_of("tea", AssetCheckResult(passed=True, asset_key="tea")),
                result_of("milk", AssetCheckResult(passed=True, asset_key="milk")),
            ],
            TWO,
            ["MAT tea", "CHK tea:hot", "MAT milk", "CHK milk:hot", "OK"],
        ),
    ],
)
def test_results_of_checks(values, checks, expected):
    """Results of checks are in the results of assets or beside them, in the order of the yields."""

    def body():
        yield from values

    assert run(both(body, checks))[1] == expected


def test_a_result_in_the_result_of_an_asset_names_its_asset():
    """A check result does not get the asset of the MaterializeResult around it, if several have checks."""

    def body():
        yield result_of("tea", PASSED)

    result, found = run(both(body, TWO))

    assert found[-1] == "FAIL"
    assert "asset_key" in result.get_step_failure_events()[0].step_failure_data.error.message


def test_a_missing_result_fails_after_the_assets():
    """A check without a result fails the step, although assets without a result are filled in."""

    def body():
        yield result_of("tea")

    result, found = run(both(body))

    assert found == ["MAT tea", "MAT milk", "FAIL"]
    error = result.get_step_failure_events()[0].step_failure_data.error
    assert error.cls_name == "DagflowStepOutputNotFoundError"
    assert run(both(lambda: None))[1] == ["FAIL"]


@pytest.mark.parametrize("checked", ["tea", "milk"])
def test_a_failed_blocking_check_fails_the_step(checked):
    """A failed blocking check of one asset fails the step, so dependents of all its assets do not run."""

    def body():
        yield result_of("tea")
        yield result_of("milk")
        yield FAILED

    result, found = run(both(body, ((checked, "hot"),), blocking=True), drinker, cat)

    assert found == ["MAT tea", "MAT milk", f"CHK {checked}:hot", "FAIL"]
    assert [event.step_key for event in result.get_step_success_events()] == []


MILK_HOT = AssetCheckKey(AssetKey("milk"), "hot")


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (None, ["MAT milk", "MAT tea", "CHK milk:hot", "CHK tea:hot", "OK"]),
        (AssetSelection.assets("tea"), ["MAT tea", "CHK tea:hot", "OK"]),
        (AssetSelection.assets("tea").without_checks(), ["MAT tea", "OK"]),
        (AssetSelection.checks(MILK_HOT), ["CHK milk:hot", "OK"]),
    ],
)
def test_a_part_of_assets_and_checks(selection, expected):
    """Assets and checks of a function that can be divided are selected independently."""
    outputs = []

    def body(context):
        outputs.append(sorted(context.selected_output_names))
        for key in sorted(context.selected_asset_keys):
            yield MaterializeResult(key)
        for check in sorted(context.selected_asset_check_keys):
            yield AssetCheckResult(passed=True, asset_key=check.asset_key, check_name=check.name)

    _, found = run(both(body, TWO, can_subset=True), selection=selection)

    assert found == expected
    assert len(outputs[0]) == len(expected) - 1


def test_the_result_of_a_check_that_is_not_selected():
    """A result of a check that the run does not select is recorded, with a warning in the log."""

    def body():
        yield result_of("tea")
        yield AssetCheckResult(passed=True, asset_key="tea", check_name="hot")
        yield AssetCheckResult(passed=False, asset_key="milk", check_name="hot")

    instance = DagflowInstance.ephemeral()
    result, found = run(
        both(body, TWO, can_subset=True), selection=AssetSelection.assets("tea"), instance=instance
    )
    lines = [entry.message for entry in instance.all_logs(result.run_id) if entry.level == 30]

    assert found == ["MAT tea", "CHK tea:hot", "CHK milk:hot", "OK"]
    assert [message for message in lines if "'milk:hot', which is not selected" in message] == lines
    assert lines


@pytest.mark.parametrize(
    "selection",
    [
        AssetSelection.assets("tea"),
        AssetSelection.assets("tea", "milk").without_checks(),
        AssetSelection.checks(AssetCheckKey(AssetKey("tea"), "hot")),
    ],
)
def test_a_part_that_cannot_be_divided(selection):
    """Without can_subset a part of the assets or checks is refused."""
    with pytest.raises(DagflowInvalidDefinitionError) as raised:
        run(both(lambda: None), selection=selection)
    assert isinstance(raised.value.__cause__, DagflowInvalidSubsetError)


@pytest.mark.parametrize(
    ("value", "is_valid"),
    [((1, 2), False), ((1, 2, PASSED), True), ((Output(1), Output(2), PASSED), True)],
)
def test_a_tuple_of_values_and_results(value, is_valid):
    """With outs, a tuple has a value for each asset and a result for each check."""
    outs = {"tea": AssetOut(), "milk": AssetOut()}
    made = multi_asset(outs=outs, check_specs=[AssetCheckSpec("hot", asset="tea")], name="both")(
        lambda: value
    )
    result, found = run(made)

    assert result.success is is_valid
    assert found == (["MAT tea", "MAT milk", "CHK tea:hot", "OK"] if is_valid else ["FAIL"])


@pytest.mark.parametrize("checks", [(("coffee", "hot"),), (("tea", "hot"), ("tea", "hot"))])
def test_invalid_declarations(checks):
    """A check of another asset, and one that is declared twice, are refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match=f"{checks[0][0]}"):
        both(lambda: None, checks)


@op
def make():
    """Return a value."""
    return 1


@op
def is_one(value):
    """Check a value."""
    return AssetCheckResult(passed=value == 1)


@op
def no_result(value):
    """Return no result."""
    return value


@pytest.mark.parametrize(("check", "is_valid"), [(is_one, True), (no_result, False)])
def test_a_check_in_a_graph(check, is_valid):
    """The op behind the output of a check gives its result; another value is refused."""

    @graph(out={"result": GraphOut(), "tea_hot": GraphOut()})
    def brewing():
        value = make()
        return {"result": value, "tea_hot": check(value)}

    tea = AssetsDefinition(
        node_def=brewing,
        keys_by_output_name={"result": AssetKey("tea")},
        check_specs_by_output_name={"tea_hot": AssetCheckSpec("hot", asset="tea", blocking=True)},
    )
    result = materialize_to_memory([tea, drinker], raise_on_error=False)

    assert result.success is is_valid
    assert [one.passed for one in result.get_asset_check_evaluations()] == ([True] if is_valid else [])
    assert ("drinker" in [event.step_key for event in result.get_step_success_events()]) is is_valid


@op(out=DynamicOut())
def cups():
    """Give two values."""
    yield DynamicOutput(1, "a")
    yield DynamicOutput(2, "b")


@op
def pour(cup):
    """Return a value of a cup."""
    return cup


@op
def total(values):
    """Return the sum of the values."""
    return sum(values)


@op
def is_small(values):
    """Check the sum of the values."""
    return AssetCheckResult(passed=sum(values) < 2)


@pytest.mark.parametrize("is_mapped", [False, True])
def test_a_blocking_check_downstream_of_a_dynamic_output_stops_dependents(is_mapped):
    """Dependents wait for a blocking check that depends on a dynamic output, or runs once for each value."""

    @graph_asset(check_specs=[AssetCheckSpec("hot", asset="tea", blocking=True)])
    def tea():
        values = cups().map(pour)
        return {
            "result": total(values.collect()),
            "tea_hot": values.map(is_one) if is_mapped else is_small(values.collect()),
        }

    result = materialize_to_memory([tea, drinker], raise_on_error=False)
    ended = [event.step_key for event in result.get_step_success_events()]

    assert [one.passed for one in result.get_asset_check_evaluations()] == ([True] if is_mapped else []) + [
        False
    ]
    assert "tea.total" in ended
    assert "drinker" not in ended


@pytest.mark.parametrize(("given", "drinks"), [("milk", False), ("hot_check", True)])
def test_dependents_wait_for_a_blocking_check_beside_given_values(given, drinks):
    """A given value does not remove the wait for a check, unless the result of the check is given."""

    @asset
    def tea():
        return 1

    @asset
    def milk():
        return 2

    @asset_check(asset=tea, blocking=True)
    def hot():
        return FAILED

    @asset
    def latte(tea, milk):
        return tea + milk

    key = milk.key if given == "milk" else "tea_hot"
    with run_options(given={key: 3}):
        result = materialize_to_memory([tea, milk, hot, latte], raise_on_error=False)

    assert result.success is drinks
    assert ("latte" in [event.step_key for event in result.get_step_success_events()]) is drinks


@pytest.mark.parametrize("in_asset", [True, False])
def test_a_missing_result_of_a_blocking_check_is_logged(in_asset, caplog):
    """A blocking check without a result does not stop dependents, and a warning names the check."""
    spec = AssetCheckSpec("hot", asset="tea", blocking=True)

    @multi_asset(specs=[AssetSpec("tea")], check_specs=[spec] if in_asset else [], can_subset=True)
    def brewing():
        yield MaterializeResult("tea")

    @multi_asset_check(specs=[spec, AssetCheckSpec("sweet", asset="tea")], can_subset=True)
    def tasting():
        yield AssetCheckResult(passed=True, check_name="sweet", asset_key="tea")

    definitions = [brewing, drinker] if in_asset else [brewing, drinker, tasting]
    result = materialize_to_memory(definitions)

    assert "drinker" in [event.step_key for event in result.get_step_success_events()]
    [record] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "'tea:hot' emitted no result in step" in record.message
