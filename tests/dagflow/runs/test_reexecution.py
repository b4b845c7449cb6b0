"""Re-execution: the selected steps, and the outputs of the others from earlier runs."""

from __future__ import annotations

from typing import Any

import pytest
from run_jobs import branch, drinks, one, silent, two

from dagflow import (
    AssetKey,
    DynamicOut,
    DynamicOutput,
    In,
    Nothing,
    ReexecutionOptions,
    execute_job,
    fs_io_manager,
    in_process_executor,
    job,
    mem_io_manager,
    op,
    reconstructable,
)
from dagflow.errors import (
    CheckError,
    DagflowExecutionStepNotFoundError,
    DagflowInvalidConfigError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowRunNotFoundError,
    ParameterCheckError,
)
from dagflow.testing import observe, run_options

from_failure = ReexecutionOptions.from_failure
UNKNOWN = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


@op
def end(x: int) -> int:
    return x * 10


@op
def side() -> int:
    return 7


@op
def join(xs: list) -> list:
    return list(xs)


@op(ins={"after": In(Nothing)})
def last() -> str:
    return "last"


@op(out=DynamicOut())
def cups() -> Any:
    for key in "abc":
        yield DynamicOutput(ord(key), key)


@op
def brew(x: int) -> int:
    return x


@op
def pour(x: int) -> int:
    return -x


@op
def serve(xs: list) -> int:
    return sum(xs)


@job(executor_def=in_process_executor)
def linear() -> None:
    end(two(one()))
    side()


@job(executor_def=in_process_executor)
def branching() -> None:
    yes, no = branch()
    end.alias("skipped_too")(end.alias("skipped")(no))
    join([two(yes), end(no), side()])


@job(executor_def=in_process_executor)
def ordered() -> None:
    last(after=[silent(), two(one())])


@job(executor_def=in_process_executor)
def dynamic() -> None:
    serve(cups().map(lambda cup: pour(brew(cup))).collect())
    side()


@op(config_schema=str)
def word(context) -> str:
    return context.op_config


@op(config_schema=str)
def words(context, x: str) -> str:
    return x + context.op_config


@job(executor_def=in_process_executor)
def configured() -> None:
    words(word())


@job(executor_def=in_process_executor, resource_defs={"io_manager": mem_io_manager})
def in_memory() -> None:
    end(two(one()))


def run(target, instance, options=None, *, fail=(), **arguments):
    """Return the result of a run in which some steps fail."""

    def faults(step_key, attempt):
        if step_key in fail:
            raise ValueError(f"{step_key} fails")

    with run_options(faults=faults):
        return execute_job(reconstructable(target), instance, reexecution_options=options, **arguments)


def again(target, instance, parent, *selection, **arguments):
    """Return the result of a re-execution of some steps."""
    return run(target, instance, ReexecutionOptions(parent.run_id, list(selection)), **arguments)


def started(result):
    """Return the keys of the steps that ran, in order."""
    return [event.step_key for event in result.all_events if event.is_step_start]


def loaded(result):
    """Return the loads from storage as pairs: the reading step and the upstream step."""
    return [
        (event.step_key, event.event_specific_data.upstream_step_key)
        for event in result.all_events
        if event.is_loaded_input
    ]


def test_from_failure(instance):
    """Failed and blocked steps run again; the other values are loaded from the earlier run."""
    first = run(linear, instance, fail=["two"])

    with run(linear, instance, from_failure(first.run_id, instance)) as result:
        assert result.output_for_node("end") == 20

    assert result.success
    assert started(result) == ["two", "end"]
    assert loaded(result) == [("two", "one"), ("end", "two")]
    kept = result.dagflow_run
    assert (kept.parent_run_id, kept.root_run_id) == (first.run_id, first.run_id)
    assert (kept.step_keys_to_execute, kept.tags) == (["two", "end"], {})


def test_again_and_again(instance):
    """A re-execution of a re-execution loads values of the first run, and has it as its root."""
    first = run(linear, instance, fail=["two"])
    second = run(linear, instance, from_failure(first.run_id, instance), fail=["two"])
    third = run(linear, instance, from_failure(second.run_id, instance), fail=["end"])
    fourth = run(linear, instance, from_failure(third.run_id, instance))

    assert [started(result) for result in (second, third, fourth)] == [["two"], ["two", "end"], ["end"]]
    assert fourth.success
    kept = fourth.dagflow_run
    assert (kept.parent_run_id, kept.root_run_id) == (third.run_id, first.run_id)


def test_only_what_the_failed_run_was_for(instance):
    """After the failure of a run of some steps only these steps can run again."""
    first = run(linear, instance, fail=["two"])
    second = again(linear, instance, first, "two", fail=["two"])

    third = run(linear, instance, from_failure(second.run_id, instance))

    assert started(third) == ["two"]


def test_a_newer_value_is_taken(instance):
    """The value of the latest run that produced the output is used."""
    first = run(linear, instance)
    second = again(linear, instance, first, "one", "two")
    third = again(linear, instance, second, fail=["two"])  # the whole job: one is new, two is not

    with again(linear, instance, third, "end") as result:
        assert result.output_for_node("end") == 20

    assert started(second) == ["one", "two"]
    assert started(result) == ["end"]


def test_the_whole_job(instance):
    """Without a selection every step runs again, without values of earlier runs."""
    first = run(linear, instance, fail=["two"])

    result = again(linear, instance, first)

    assert result.success
    assert sorted(started(result)) == ["end", "one", "side", "two"]
    assert result.dagflow_run.parent_run_id == first.run_id


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (["two"], ["two"]),
        (["two*"], ["two", "end"]),
        (["  *two "], ["one", "two"]),
        (["+end"], ["two", "end"]),
        (["++end", "one++"], ["one", "two", "end"]),
        (["one", "end"], ["one", "end"]),
        (["*"], ["one", "side", "two", "end"]),
    ],
)
def test_a_selection(instance, selection, expected):
    """Clauses select steps, which run in plan order."""
    result = again(linear, instance, run(linear, instance), *selection)

    assert result.success
    assert started(result) == expected
    assert result.dagflow_run.step_keys_to_execute == expected


@pytest.mark.parametrize(
    ("target", "selection", "kind", "message", "keys"),
    [
        (linear, ["twoo"], DagflowExecutionStepNotFoundError, "unknown step: twoo.*'two'", ["twoo"]),
        (
            linear,
            ["side", "x+", "*y"],
            DagflowExecutionStepNotFoundError,
            "refers to unknown steps: x, y",
            ["x", "y"],
        ),
        (linear, ["one,two"], DagflowInvalidSubsetError, "No qualified steps.*'one,two'.*expected", None),
        (dynamic, ["brew"], DagflowExecutionStepNotFoundError, r"unknown step: brew\.", ["brew"]),
        (dynamic, ["brew[z]"], DagflowExecutionStepNotFoundError, r"unknown step: brew\[z\]", ["brew[z]"]),
        (
            dynamic,
            ["cups", "brew[a]"],
            DagflowExecutionStepNotFoundError,
            r"\['brew\[a\]'\], but also runs 'cups' again.*Choose 'brew\[\?\]'",
            ["brew[a]"],
        ),
    ],
)
def test_a_selection_that_cannot_be(instance, target, selection, kind, message, keys):
    """A clause without a step, or with a conflict, is an error before the run."""
    first = run(target, instance)

    with pytest.raises(kind, match=f"(?s){message}") as raised:
        again(target, instance, first, *selection)

    assert getattr(raised.value, "step_keys", None) == keys
    assert instance.get_runs_count() == 1


# skips, lists, Nothing


def test_skips(instance):
    """Skipped steps stay skipped without an event; a list has the available values."""
    first = run(branching, instance, fail=["two"])

    with run(branching, instance, from_failure(first.run_id, instance)) as result:
        assert result.output_for_node("join") == [2, 7]

    assert started(result) == ["two", "join"]
    assert result.get_step_skipped_events() == []


def test_a_skipped_step_is_chosen(instance):
    """A selected step whose input is missing in the earlier run is skipped."""
    first = run(branching, instance)

    result = again(branching, instance, first, "skipped")

    assert result.success
    assert [event.step_key for event in result.get_step_skipped_events()] == ["skipped"]


def test_nothing(instance):
    """A dependency of type Nothing on a step of the earlier run is satisfied."""
    first = run(ordered, instance, fail=["two"])

    result = run(ordered, instance, from_failure(first.run_id, instance))

    assert result.success
    assert started(result) == ["two", "last"]


def test_an_output_of_a_failed_step_is_not_taken(instance):
    """Outputs of a failed step are not used, so its readers have no value."""
    first = run(linear, instance, fail=["two"])

    result = again(linear, instance, first, "end")

    assert result.get_failed_step_keys() == {"end"}


# mapped steps


def test_a_failed_mapped_step(instance):
    """Only the failed mapped step and its downstream steps run again."""
    first = run(dynamic, instance, fail=["brew[b]"])

    with run(dynamic, instance, from_failure(first.run_id, instance)) as result:
        assert result.output_for_node("serve") == -sum(map(ord, "abc"))
        assert result.output_for_node("brew") == {"b": ord("b")}

    assert started(result) == ["brew[b]", "pour[b]", "serve"]
    assert result.dagflow_run.step_keys_to_execute == ["brew[b]", "pour[b]", "serve"]
    assert loaded(result)[2:] == [("serve", "pour[a]"), ("serve", "pour[b]"), ("serve", "pour[c]")]


def test_a_failed_dynamic_step(instance):
    """If the mapping keys are missing, all steps that are mapped over them run."""
    first = run(dynamic, instance, fail=["cups"])

    result = run(dynamic, instance, from_failure(first.run_id, instance))

    assert result.success
    assert result.dagflow_run.step_keys_to_execute == ["cups", "brew[?]", "pour[?]", "serve"]
    assert len(started(result)) == 8


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (["brew[b]"], "brew[b]"),
        (["brew[b]*"], "brew[b] pour[b] serve"),
        (["brew[?]"], "brew[a] brew[b] brew[c]"),
        (["brew[?]*"], "brew[a] brew[b] brew[c] pour[a] pour[b] pour[c] serve"),
        (["pour[a]"], "pour[a]"),
        (["serve"], "serve"),
        (["+serve"], "pour[a] pour[b] pour[c] serve"),
        (["cups"], "cups"),
        (["cups+"], "cups brew[a] brew[b] brew[c]"),
        (["cups", "serve"], "cups serve"),
        (["*serve"], "cups brew[a] brew[b] brew[c] pour[a] pour[b] pour[c] serve"),
    ],
)
def test_a_selection_of_mapped_steps(instance, selection, expected):
    """A mapped step is selected by its key, all of them by `[?]` or by a traversal."""
    first = run(dynamic, instance)

    result = again(dynamic, instance, first, *selection)

    assert result.success
    assert started(result) == expected.split()


# config and selections


def test_the_config_of_the_earlier_run(instance):
    """The default run config is that of the earlier run; a given one replaces it."""
    given = {"ops": {"word": {"config": "a"}, "words": {"config": "b"}}}
    first = run(configured, instance, run_config=given)

    with again(configured, instance, first, "words") as result:
        assert result.output_for_node("words") == "ab"
    assert result.dagflow_run.run_config == given
    other = {"ops": {"word": {"config": "x"}, "words": {"config": "c"}}}
    with again(configured, instance, first, "words", run_config=other) as result:
        assert result.output_for_node("words") == "ac"
    with pytest.raises(DagflowInvalidConfigError, match="word"):
        again(configured, instance, first, "words", run_config={"ops": {"words": {"config": "c"}}})


def test_the_op_selection_of_the_earlier_run(instance):
    """A re-execution has the op selection of the earlier run."""
    first = run(linear, instance, op_selection=["one+"])

    result = again(linear, instance, first)

    assert started(result) == ["one", "two"]
    assert result.dagflow_run.op_selection == ["one+"]
    with pytest.raises(DagflowExecutionStepNotFoundError, match="unknown step: end"):
        again(linear, instance, first, "end")


def test_the_assets_of_the_earlier_run(instance):
    """A re-execution has the assets of the earlier run, and plans those that it materializes."""
    first = run(drinks, instance, asset_selection=[AssetKey("water"), AssetKey("tea")], fail=["tea"])

    result = run(drinks, instance, from_failure(first.run_id, instance))

    assert started(result) == ["tea"]
    assert loaded(result) == [("tea", "water")]
    assert result.dagflow_run.asset_selection == {AssetKey("water"), AssetKey("tea")}


def test_a_run_in_process_is_the_parent(instance):
    """A run by execute_in_process can be re-executed too."""
    first = linear.execute_in_process(instance=instance, resources={"io_manager": fs_io_manager})

    result = again(linear, instance, first, "end")

    assert result.success
    assert loaded(result) == [("end", "two")]


# what is refused


def test_in_memory(instance):
    """Values in memory of an earlier run are an error for the steps that read them."""
    first = run(in_memory, instance)

    with pytest.raises(
        DagflowInvariantViolationError,
        match=r"Cannot perform reexecution with in-memory io managers.*'x' of step 'end'.*step 'two'.*fs_io",
    ):
        again(in_memory, instance, first, "end")
    assert again(in_memory, instance, first, "*two").success
    assert again(in_memory, instance, first).success


def test_an_unknown_run(instance):
    """A run that the instance does not have cannot be re-executed."""
    for options in (ReexecutionOptions(UNKNOWN), from_failure(UNKNOWN, instance)):
        with pytest.raises(CheckError, match=f"has no run '{UNKNOWN}'"):
            run(linear, instance, options)


def test_a_forgotten_ancestor(instance):
    """A deleted run in the chain of parents is an error."""
    first = run(linear, instance)
    second = again(linear, instance, first, "two")
    instance.delete_run(first.run_id)

    with pytest.raises(
        DagflowRunNotFoundError, match=r"Could not load ancestor run '.*goes back to it"
    ) as raised:
        again(linear, instance, second, "end")

    assert raised.value.invalid_run_id == first.run_id


def test_from_no_failure(instance):
    """A run that succeeded cannot be re-executed from failure."""
    first = run(linear, instance)

    with pytest.raises(
        DagflowInvariantViolationError, match=r"a run that is not failed or canceled.*SUCCESS"
    ):
        run(linear, instance, from_failure(first.run_id, instance))


def test_from_a_failure_after_the_last_step(instance):
    """A failed run whose steps all succeeded has no steps to run again."""

    def refuse(event):
        if event.message and event.message.startswith("Finished steps"):
            raise ValueError("refused")

    with observe(refuse), pytest.raises(ValueError, match="refused"):
        run(linear, instance)
    (first,) = instance.get_runs()

    with pytest.raises(DagflowInvalidSubsetError, match="No steps needed to be retried in the failed run"):
        run(linear, instance, from_failure(first.run_id, instance))


def test_options():
    """Options are compared by value, and check their arguments."""
    assert ReexecutionOptions(UNKNOWN) == ReexecutionOptions(UNKNOWN, [])
    assert ReexecutionOptions(UNKNOWN).step_selection == []
    with pytest.raises(ParameterCheckError, match="'parent_run_id'"):
        ReexecutionOptions(None)
    with pytest.raises(ParameterCheckError, match="'step_selection' must be a list of strings, not 'two'"):
        ReexecutionOptions(UNKNOWN, "two")
    with pytest.raises(ParameterCheckError, match="'instance'"):
        from_failure(UNKNOWN, None)
