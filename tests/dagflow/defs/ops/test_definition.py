"""Ops: inputs, outputs, types, config, and the errors at the definition."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Tuple  # noqa: UP035 - users write these

import pytest

from dagflow import (
    AssetExecutionContext,
    AssetKey,
    DynamicOut,
    DynamicOutput,
    Field,
    In,
    Nothing,
    OpDefinition,
    OpExecutionContext,
    Out,
    Output,
    RetryPolicy,
    build_op_context,
    graph,
    graph_asset,
    job,
    materialize_to_memory,
    op,
)
from dagflow.defs.ops.definition import op_location
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigDefinitionError,
    DagflowInvalidMetadata,
    DagflowInvalidPythonicConfigDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
)
from dagflow.errors import (
    DagflowInvalidDefinitionError as BadDefinition,
)


def _function(a, b=2):
    """Adds.

    And more.
    """
    return a + b


def test_a_bare_op() -> None:
    """Name, description, inputs and output come from the function."""
    made = op(_function)

    assert isinstance(made, OpDefinition)
    assert (made.name, made.description) == ("_function", "Adds.\n\nAnd more.")
    assert (made.input_names, made.output_names) == (("a", "b"), ("result",))
    assert (made.__name__, made.__wrapped__, made.__doc__) == ("_function", _function, _function.__doc__)
    assert made.ins["b"].default_value == 2
    assert not made.ins["a"].has_default_value
    assert [item.name for item in made.input_defs] == ["a", "b"]
    assert [item.name for item in made.output_defs] == ["result"]
    assert made.config_field is None
    assert not made.config_schema.is_required
    assert (made.tags, made.required_resource_keys, made.retry_policy) == ({}, frozenset(), None)
    assert repr(made) == "<op '_function'>"


def test_every_parameter_of_the_decorator() -> None:
    """Each argument is stored; tags become strings."""
    policy = RetryPolicy(max_retries=2)
    made = op(
        name="add",
        description="d",
        ins={"a": In(int, description="i", metadata={"m": 1}, asset_key="k", input_manager_key="im")},
        out=Out(
            int, description="o", io_manager_key="io", metadata={"m": 1}, is_required=False, code_version="c"
        ),
        config_schema={"n": int},
        required_resource_keys={"db"},
        tags={"t": {"x": 1}},
        version="v",
        retry_policy=policy,
        pool="p",
    )(_function)

    item, out = made.ins["a"], made.outs["result"]
    assert (made.name, made.description, made.tags, made.pool) == ("add", "d", {"t": '{"x": 1}'}, "p")
    assert (made.version, made.code_version, made.retry_policy) == ("v", "v", policy)
    assert made.required_resource_keys == {"db"}
    assert made.config_schema is made.config_field is not None
    assert (item.description, item.input_manager_key, item.asset_key) == ("i", "im", AssetKey("k"))
    assert item.metadata == out.metadata == {"m": 1}
    assert (out.description, out.io_manager_key, out.is_required, out.code_version) == ("o", "io", False, "c")


def test_the_class_itself() -> None:
    """`OpDefinition` takes function and name, and several outputs by name."""
    made = OpDefinition(_function, "add", outs={"p": Out(), "q": Out()}, code_version="2")

    assert made.output_names == ("p", "q")
    assert made.code_version == "2"
    with pytest.raises(CheckError, match="'version' is an older name of 'code_version'"):
        OpDefinition(_function, "add", code_version="2", version="1")
    with pytest.raises(ParameterCheckError, match="'compute_fn' must be a function, not 5"):
        OpDefinition(5, "x")


@pytest.mark.parametrize(
    ("annotation", "name"),
    [(int, "Int"), (float, "Float"), (str, "String"), (bool, "Bool"), (List[int], "[Int]"), (Any, "Any")],  # noqa: UP006
)
def test_types_from_annotations(annotation: Any, name: str) -> None:
    """Types come from the parameters and the return annotation."""

    def fn(a):
        return a

    fn.__annotations__ = {"a": annotation, "return": annotation}
    made = op(fn)

    assert made.ins["a"].dagflow_type.display_name == name
    assert made.outs["result"].dagflow_type.display_name == name


def test_no_annotation_and_none() -> None:
    """Without annotation, and for a generator, the type is Any; None becomes Nothing."""

    def nothing() -> None: ...
    def unsaid(): ...
    def generator() -> int:
        yield Output(1)

    assert all(op(fn).outs["result"].dagflow_type.is_any for fn in (unsaid, generator))
    assert op(nothing).outs["result"].dagflow_type.is_nothing


def test_in_and_out_go_over_annotations() -> None:
    """The types of In and Out win."""

    def fn(a: int) -> int:
        return a

    made = op(ins={"a": In(str)}, out=Out(str))(fn)

    assert (
        made.ins["a"].dagflow_type.display_name == made.outs["result"].dagflow_type.display_name == "String"
    )


@pytest.mark.parametrize(
    ("annotation", "name"),
    [(Output[int], "Int"), (Output, "Any"), (List[DynamicOutput[int]], "Int"), (List[DynamicOutput], "Any")],  # noqa: UP006
)
def test_wrappers_say_what_is_inside(annotation: Any, name: str) -> None:
    """`Output[int]` has the type int."""

    def fn():
        return None

    fn.__annotations__ = {"return": annotation}
    out = DynamicOut() if "Dynamic" in str(annotation) else Out()

    assert op(out=out)(fn).outs["result"].dagflow_type.display_name == name


def test_several_outputs_take_their_types_by_position() -> None:
    """Types come from a Tuple annotation; a bare tuple gives Any."""

    def typed() -> Tuple[int, Output[str]]: ...  # noqa: UP006
    def untyped() -> tuple: ...

    outs = {"p": Out(), "q": Out()}

    assert [out.dagflow_type.display_name for out in op(out=outs)(typed).outs.values()] == ["Int", "String"]
    assert all(out.dagflow_type.is_any for out in op(out=outs)(untyped).outs.values())


@pytest.mark.parametrize("annotation", [int, Tuple[int], Tuple[int, int, int], Dict[str, int]])  # noqa: UP006
def test_several_outputs_need_a_tuple_of_as_many(annotation: Any) -> None:
    """Any other annotation of several outputs raises."""

    def fn():
        return None

    fn.__annotations__ = {"return": annotation}
    message = r"op 'fn' \(.*test_definition.py:\d+\).* 2 outputs"
    with pytest.raises(DagflowInvariantViolationError, match=message):
        op(out={"p": Out(), "q": Out()})(fn)


def test_dynamic_outputs() -> None:
    """An output is dynamic by its Out or by its annotation."""

    def annotated() -> List[DynamicOutput]: ...  # noqa: UP006
    def alone() -> DynamicOutput: ...

    assert op(out=DynamicOut())(lambda_named()).dynamic_outputs() == {"result"}
    assert op(annotated).dynamic_outputs() == {"result"}
    assert op(_function).dynamic_outputs() == frozenset()
    with pytest.raises(DagflowInvariantViolationError, match="annotated with return type DynamicOutput"):
        op(alone)


@pytest.mark.parametrize("fn", [lambda context, inputs: inputs, lambda *args: args[1]])
def test_a_function_that_takes_all_inputs_at_once(fn: Any) -> None:
    """OpDefinition accepts it; for the decorator `inputs` is the name of an input."""
    given = OpDefinition(fn, "given", ins={"x": In(int), "y": In(int)})

    def decorated(context, inputs): ...

    assert given(build_op_context(), x=1, y=2) == {"x": 1, "y": 2}
    assert re.search(r"test_definition.py:\d+", op_location(given))
    assert list(op(decorated).ins) == ["inputs"]


def lambda_named() -> Any:
    """A function with a valid name."""

    def fn() -> Any: ...

    return fn


def test_inputs_outside_of_the_signature() -> None:
    """Nothing inputs come after the others; `**kwargs` takes any further input."""

    def fn(a): ...
    def open_fn(**more): ...

    ordered = op(ins={"after": In(Nothing), "a": In(int)})(fn)
    anything = op(ins={"x": In(int, default_value=3), "y": In()})(open_fn)

    assert ordered.input_names == ("a", "after")
    assert ordered.ins["after"].dagflow_type.is_nothing
    assert anything.input_names == ("x", "y")
    assert anything.ins["x"].default_value == 3


def test_config_by_parameter() -> None:
    """A `config` parameter with a primitive annotation defines the schema."""

    def fn(config: int) -> int:
        return config

    field = op(fn).config_field

    assert field is not None
    assert field.is_required


def test_resource_parameters_are_required() -> None:
    """Their names are required keys; `required_resource_keys` beside them raises."""

    class Station:
        __dagflow_resource__ = True

    def fn(context: Any, station: Station) -> None: ...

    fn.__annotations__["station"] = Station

    assert op(fn).required_resource_keys == {"station"}
    with pytest.raises(ParameterCheckError, match=r"\['db'\], the parameters \['station'\]"):
        op(required_resource_keys={"db"})(fn)


BAD: list[tuple[str, Any, type[Exception], str]] = [
    (
        "lambda",
        lambda: op(lambda: 1),
        BadDefinition,
        '"<lambda>" is not a valid name for an op',
    ),
    (
        "name",
        lambda: op(name="a b")(_function),
        BadDefinition,
        r'"a b".*\^\[A-Za-z0-9_\]\+\$',
    ),
    ("reserved", lambda: op(name="input")(_function), BadDefinition, '"input".*reserved'),
    (
        "a default of Nothing",
        lambda: op(name="x", ins={"z": In(Nothing, default_value=None)})(lambda: 1),
        BadDefinition,
        "input 'z' of op 'x' is of type Nothing, .*no default",
    ),
    ("no function", lambda: op()(5), BadDefinition, "@op must decorate a function, not 5"),
    (
        "input name",
        lambda: op(name="x")(lambda input: 1),
        BadDefinition,
        "\"input\" is not a valid name for an input of op 'x'",
    ),
    (
        "output name",
        lambda: op(out={"a-b": Out()})(_function),
        BadDefinition,
        "\"a-b\" is not a valid name for an output of op '_function'",
    ),
    (
        "unknown input",
        lambda: op(ins={"bb": In()})(_function),
        BadDefinition,
        r"test_definition.py:\d+\): 'ins' names an input 'bb'.*Did you mean 'b'",
    ),
    (
        "nothing in the signature",
        lambda: op(ins={"a": In(Nothing)})(_function),
        BadDefinition,
        "input 'a' of op '_function' is of type Nothing",
    ),
    (
        "default of a wrong type",
        lambda: op(ins={"b": In(str)})(_function),
        BadDefinition,
        "InputDefinition b of type String, in op '_function': it is 2 of type 'int'",
    ),
    (
        "default of a wrong type outside of the signature",
        lambda: op(name="x", ins={"z": In(int, default_value="s")})(lambda **more: 1),
        BadDefinition,
        "InputDefinition z of type Int, in op 'x': it is 's'",
    ),
    (
        "ins",
        lambda: op(ins=["a"])(_function),
        ParameterCheckError,
        "'ins' of op '_function' must be",
    ),
    ("an In", lambda: op(ins={"a": int})(_function), ParameterCheckError, r"ins\['a'\]' of op '_function'"),
    (
        "an In outside",
        lambda: op(name="x", ins={"a": int})(lambda: 1),
        ParameterCheckError,
        r"ins\['a'\]' of op 'x'",
    ),
    (
        "out",
        lambda: op(out=int)(_function),
        ParameterCheckError,
        "'out' of op '_function' must be",
    ),
    ("an Out", lambda: op(out={"a": int})(_function), ParameterCheckError, r"out\['a'\]' of op '_function'"),
    (
        "resource keys",
        lambda: op(required_resource_keys="db")(_function),
        ParameterCheckError,
        "'required_resource_keys' must be a set of strings, not 'db'",
    ),
    (
        "policy",
        lambda: op(retry_policy=3)(_function),
        ParameterCheckError,
        "'retry_policy' of op '_function'",
    ),
    (
        "tags",
        lambda: op(tags={"a": object()})(_function),
        BadDefinition,
        "'a' of op '_function'",
    ),
    ("metadata", lambda: op(out=Out(metadata={"a": object()}))(_function), DagflowInvalidMetadata, "'a'"),
    (
        "type",
        lambda: op(ins={"a": In("text")})(_function),
        BadDefinition,
        "'text' cannot be the type of an In",
    ),
    (
        "schema",
        lambda: op(config_schema={"a": object()})(_function),
        DagflowInvalidConfigDefinitionError,
        "'a'",
    ),
    (
        "config without annotation",
        lambda: op(name="x")(lambda config: 1),
        DagflowInvalidPythonicConfigDefinitionError,
        r"op 'x' \(.*test_definition.py:\d+\): the parameter 'config' has no annotation",
    ),
]


@pytest.mark.parametrize(
    ("define", "error", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_what_is_refused(define: Any, error: type[Exception], message: str) -> None:
    """Invalid arguments raise at the definition, with the op, the argument and the location."""
    with pytest.raises(error, match=message):
        define()


def test_config_twice() -> None:
    """A `config` parameter together with a schema raises."""

    def fn(config: int) -> None: ...

    with pytest.raises(ParameterCheckError, match="both a 'config' parameter and a 'config_schema'"):
        op(config_schema=int)(fn)


def test_a_config_annotation_that_is_no_schema() -> None:
    """The error shows the annotation."""

    def fn(config: OpExecutionContext) -> None: ...

    with pytest.raises(DagflowInvalidPythonicConfigDefinitionError, match="OpExecutionContext"):
        op(fn)


def test_an_asset_context_is_for_assets() -> None:
    """An op with an asset context runs in a graph-backed asset only."""

    @op
    def fn(context: AssetExecutionContext) -> str:
        return context.asset_key.to_user_string()

    result = materialize_to_memory([graph_asset(name="tea")(lambda: fn())])
    assert result.asset_value("tea") == "tea"
    with pytest.raises(BadDefinition, match=r"op 'fn' \(.*\): .*AssetExecutionContext, but"):
        graph(name="bar")(lambda: fn()).execute_in_process()


def test_in_and_out_are_values() -> None:
    """They are equal by content, and immutable."""
    assert In(int, description="d") == In(int, description="d")
    assert Out(int) == Out(int) != DynamicOut(int)
    with pytest.raises(AttributeError):
        In().description = "x"


def test_config_reaches_the_body() -> None:
    """The body receives config with defaults."""

    @op(config_schema={"n": int, "m": Field(int, default_value=5)})
    def count(context: OpExecutionContext) -> Any:
        return context.op_config

    @job
    def j() -> None:
        count()

    result = j.execute_in_process(run_config={"ops": {"count": {"config": {"n": 1}}}})
    assert result.output_for_node("count") == {"n": 1, "m": 5}
