"""The listed differences between a run and a direct call are the only ones."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetMaterialization,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    DagflowTypeCheckDidNotPass,
    Field,
    MaterializeResult,
    Out,
    Output,
    build_op_context,
    job,
    op,
    resource,
)
from dagflow.context.availability import BOUND_ONLY, DIRECT_RUN_ID, RUN_ONLY

RESOURCES = {"beans": 3}
CONFIG = {"n": 1}
TAGS = {"who": "me"}
NONSENSE = object()


def in_run(definition):
    """Return the result of an op in a run, or the raised error."""

    @job(resource_defs=RESOURCES)
    def j():
        definition()

    has_config = definition.config_field is not None
    result = j.execute_in_process(
        run_config={"ops": {definition.name: {"config": CONFIG}}} if has_config else None, tags=TAGS
    )
    return [result.output_for_node(definition.name, name) for name in definition.outs]


def directly(definition):
    """Return the result of an op in a direct call, unpacked as in a run, or the raised error."""
    context = build_op_context(RESOURCES, op_config=CONFIG, run_tags=TAGS)
    made = definition(context) if definition.body.context else definition()
    items = list(made) if definition.body.function_type == "generator" else [made]
    if isinstance(made, tuple):
        items = list(made)
    items = [item for item in items if not isinstance(item, AssetMaterialization)]
    return [item.value if isinstance(item, (Output, MaterializeResult)) else item for item in items]


def outcome(way, definition):
    """Return the result, or class and message of the error."""
    try:
        return way(definition)
    except Exception as error:
        return type(error), str(error)


def returns_config(context):
    return dict(context.op_config), context.resources.beans, context.get_tag("who"), context.has_tag("x")


def reads_much(context):
    return [
        context.retry_number,
        context.get_mapping_key(),
        context.has_partition_key,
        context.op_def.name,
        context.alias,
        context.has_assets_def,
        sorted(context.selected_output_names),
        context.selected_asset_keys,
        context.mode_def.name,
    ]


def reads_a_partition(context):
    return context.partition_key


def names_an_unknown_output(context):
    context.add_output_metadata({"a": 1}, "tea")


def adds_bad_metadata(context):
    context.add_output_metadata({"a": NONSENSE})


def logs_nonsense(context):
    context.log_event("spilt")


def adds_metadata_late(context):
    yield Output(1)
    context.add_output_metadata({"a": 1})


def yields_events(context):
    context.log_event(AssetMaterialization("a"))
    yield AssetMaterialization("b")
    yield Output(1)


def yields_nonsense():
    yield 5


def yields_twice():
    yield Output(1)
    yield Output(2)


def yields_unknown():
    yield Output(1, "tea")


def returns_an_event():
    return AssetMaterialization("a")


def returns_an_output():
    return Output(4)


def returns_another_output():
    return Output(4, "tea")


def returns_nothing():
    return None


def raises():
    raise KeyError("spilt")


@pytest.mark.parametrize(
    "body",
    [
        reads_much, reads_a_partition, names_an_unknown_output, adds_bad_metadata,
        logs_nonsense, adds_metadata_late, yields_events, yields_nonsense, yields_unknown,
        returns_an_event, returns_an_output, returns_another_output, returns_nothing, raises,
    ],
)  # fmt: skip
def test_the_same_body_does_the_same(body):
    """Values, and classes and messages of errors, are those of a run."""
    definition = op(name="brew")(body)

    assert outcome(directly, definition) == outcome(in_run, definition)


def test_an_output_that_is_given_twice():
    """Class and message of the error are equal, except for the word for the run or the call."""
    definition = op(name="brew")(yields_twice)

    (called, said), (ran, told) = outcome(directly, definition), outcome(in_run, definition)

    assert called is ran is DagflowInvariantViolationError
    call, run = (
        "Invocation of op 'brew' yielded an output 'result'",
        'Compute for op "brew" returned an output "result"',
    )
    assert said == told.replace(run, call) != told


def test_config_resources_and_tags_are_the_same():
    """Config, resources and tags of the context are equal in both."""
    options = {
        "config_schema": {"n": int, "z": Field(int, default_value=7)},
        "required_resource_keys": {"beans"},
    }
    definition = op(name="brew", out=Out(), **options)(lambda context: [returns_config(context)])

    assert directly(definition) == in_run(definition) == [[({"n": 1, "z": 7}, 3, "me", False)]]


@pytest.mark.parametrize(
    "value", [(1, 2, 3), [1, 2], 5, None, (Output(1, "cold"), Output(2, "hot")), (1, 2), (1, Output(2))]
)
def test_several_outputs_are_the_same(value):
    """Tuples are unpacked, or are errors, in both."""
    definition = op(name="brew", out={"hot": Out(), "cold": Out()})(lambda: value)

    assert outcome(directly, definition) == outcome(in_run, definition)


# the differences

CALLED_WITH = {
    "add_output_metadata": [{"a": 1}],
    "log_event": [AssetMaterialization("a")],
    "load_asset_value": ["a"],
}


@pytest.mark.parametrize("name", sorted(RUN_ONLY | BOUND_ONLY))
def test_attributes(name):
    """`RUN_ONLY` exists in a run only, `BOUND_ONLY` also while a direct call runs."""

    def read(context):
        try:
            found = getattr(context, name)
            if callable(found):
                found(*CALLED_WITH.get(name, ()))
        except Exception as error:
            return type(error)
        return None

    definition = op(name="brew", out=Out())(lambda context: [read(context)])

    ((run,),) = in_run(definition)
    ((bound,),) = directly(definition)
    assert run is not DagflowInvalidPropertyError or name in ("assets_def", "asset_key")
    assert (bound is DagflowInvalidPropertyError) == (name in RUN_ONLY or name in ("assets_def", "asset_key"))
    assert read(build_op_context()) is DagflowInvalidPropertyError


def test_run_id():
    """The run id of a direct call is a constant."""
    definition = op(name="brew")(lambda context: context.run_id)

    assert directly(definition) == [DIRECT_RUN_ID]
    assert in_run(definition) != [DIRECT_RUN_ID]


@pytest.mark.parametrize(("way", "is_merged"), [(in_run, True), (directly, False)])
def test_metadata_that_is_added_twice(way, is_merged):
    """Repeated metadata is merged in a run, and is an error in a direct call."""

    def body(context):
        context.add_output_metadata({"a": 1})
        context.add_output_metadata({"b": 1})
        return sorted(context.get_output_metadata("result"))

    found = outcome(way, op(name="brew")(body))
    merged = [["a", "b"]]
    assert (found == merged) == is_merged
    assert found == merged or found[0] is DagflowInvariantViolationError


def test_what_is_handed_out():
    """The caller of a direct call gets the output objects, the reader of a run the values."""
    output = Output(4)
    definition = op(name="brew")(lambda: output)

    assert definition() is output
    assert in_run(definition) == [4]


def test_what_errors_are_wrapped_in():
    """A run wraps the recorded error; a direct call records nothing."""
    definition = op(name="brew")(raises)

    @job
    def j():
        definition()

    recorded = j.execute_in_process(raise_on_error=False).failure_data_for_node("brew").error
    assert recorded.cls_name != "KeyError"
    with pytest.raises(KeyError) as caught:
        definition()
    assert caught.value.__cause__ is None


def test_the_error_of_a_missing_output():
    """The error classes of a run and of a direct call differ."""
    definition = op(name="brew", out={"hot": Out(), "cold": Out()})(yields_hot)

    assert outcome(directly, definition)[0] is DagflowInvariantViolationError
    assert outcome(in_run, definition)[0].__name__ == "DagflowStepOutputNotFoundError"


def yields_hot():
    yield Output(1, "hot")


def test_who_enters_resources():
    """A run opens context managers itself; a direct call needs a `with` block."""

    @resource
    def beans():
        yield 3

    definition = op(name="brew", required_resource_keys={"beans"})(lambda context: context.resources.beans)

    @job(resource_defs={"beans": beans})
    def j():
        definition()

    assert j.execute_in_process().output_for_node("brew") == 3
    with pytest.raises(DagflowInvariantViolationError, match="with block"):
        definition(build_op_context({"beans": beans}))
    with build_op_context({"beans": beans}) as context:
        assert definition(context) == 3


def test_types_are_checked_alike():
    """The messages differ only at their beginning, which names the step or the op."""

    @op
    def word():
        return "x"

    @op
    def num(n: int):
        return n

    @job
    def j():
        num(word())

    with pytest.raises(DagflowTypeCheckDidNotPass) as of_run:
        j.execute_in_process()
    with pytest.raises(DagflowTypeCheckDidNotPass) as of_call:
        num("x")
    assert str(of_run.value).startswith('Type check failed for step input "n" - expected')
    assert str(of_call.value).startswith('Type check failed for op "num" input "n" - expected')
    rest = str(of_run.value).replace("step 'num', ", "").partition(" input ")[2]
    assert rest == str(of_call.value).partition(" input ")[2]
