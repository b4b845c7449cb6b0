"""Config that contains itself or is nested too deep."""

# ruff: noqa: RUF012 - defaults of pydantic fields are copied

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dagflow import (
    Config,
    ConfigurableResource,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidMetadata,
    DagflowInvariantViolationError,
    Field,
    MetadataValue,
    OpExecutionContext,
    RunConfig,
    asset,
    build_op_context,
    build_resources,
    config_from_yaml_strings,
    job,
    op,
    resource,
    validate_run_config,
)
from dagflow.config.depth import bottomless
from dagflow.config.paths import MAX_DEPTH


def circular() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["x"] = value
    return value


def circular_list() -> list[Any]:
    value: list[Any] = [1]
    value.append({"y": value})
    return value


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"x": value}
    return value


class Anything(Config):
    x: dict[str, Any] = {}


class Store(ConfigurableResource):
    x: dict[str, Any] = {}


@op(config_schema=dict)
def take(context: OpExecutionContext) -> Any:
    return context.op_config


@op
def free(context: OpExecutionContext) -> Any:
    return context.op_config


@resource(config_schema=dict)
def shelf(context: Any) -> Any:
    return context.resource_config


@job
def bar() -> None:
    take()
    free()


def _graph(name: str, config: Any) -> dict[str, Any]:
    return {"ops": {"take": {"config": {}}, name: {"config": config}}}


ENTRANCES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "dict": (lambda value: bar.execute_in_process(_graph("take", {"a": value})), "root:ops:take:config:a"),
    "any": (lambda value: bar.execute_in_process(_graph("free", {"a": value})), "root:ops:free:config:a"),
    "validate": (
        lambda value: validate_run_config(bar, _graph("free", [value])),
        r"root:ops:free:config\[0\]",
    ),
    "direct": (lambda value: take(build_op_context(op_config={"a": value})), "root:config:a"),
    "default": (lambda value: Field(dict, default_value={"a": value}), "root:a"),
    "configured": (
        lambda value: take.configured({"a": value}, name="again")(build_op_context()),
        "root:config:a",
    ),
    "a resource outside of a run": (
        lambda value: build_resources(
            {"shelf": shelf}, resource_config={"shelf": {"config": {"a": value}}}
        ).__enter__(),
        "root:shelf:config:a",
    ),
    "config object": (lambda value: Anything(x={"a": value}), "root:x:a"),
    "resource": (lambda value: Store(x={"a": value}), "root:x:a"),
    "run config": (
        lambda value: bar.execute_in_process(RunConfig({"free": {"config": {"a": value}}})),
        "root:ops:free:config:a",
    ),
    "default of a job": (
        lambda value: bar.graph.to_job(config=_graph("free", {"a": value})).execute_in_process(),
        "root:ops:free:config:a",
    ),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("make", [circular, circular_list, lambda: deep(3000)], ids=["dict", "list", "deep"])
def test_config_without_an_end(entrance: str, make: Callable[[], Any]) -> None:
    """Config that contains itself, or has 3,000 levels, is a config error that names the place."""
    function, place = ENTRANCES[entrance]

    with pytest.raises(DagflowInvalidConfigError, match=rf"{place}.* (contains itself|is nested deeper)"):
        function(make())


def test_deep_config_that_ends() -> None:
    """Config may have many levels."""
    config = deep(MAX_DEPTH - 1)

    assert bar.execute_in_process(_graph("free", config)).output_for_node("free") == config


def test_a_value_without_an_end_at_a_scalar() -> None:
    """A deep value in place of a scalar is shown short in the error."""

    @op(config_schema={"n": int, "names": [str]})
    def count() -> None: ...

    @job
    def counting() -> None:
        count()

    with pytest.raises(DagflowInvalidConfigError, match="Invalid scalar at path root:ops:count:config:n"):
        counting.execute_in_process({"ops": {"count": {"config": {"n": deep(3000), "names": deep(3000)}}}})


def test_a_run_config_object_of_ops_without_an_end() -> None:
    """The entries of graphs in a RunConfig may not contain themselves."""
    ops: dict[str, Any] = {}
    ops["ops"] = {"inner": ops}

    with pytest.raises(DagflowInvalidConfigError, match="contains itself"):
        RunConfig(ops={"outer": ops}).to_config_dict()


def test_yaml_without_an_end() -> None:
    """A YAML alias inside its own anchor is an error that names the file or string and the path."""
    with pytest.raises(DagflowInvariantViolationError, match=r"YAML string number 2: .*root:ops:a contains"):
        config_from_yaml_strings(["ops: {}", "ops: &loop {a: *loop}"])


@pytest.mark.parametrize("make", [circular, lambda: deep(3000)], ids=["circular", "deep"])
def test_metadata_and_tags_without_an_end(make: Callable[[], Any]) -> None:
    """Metadata and tags that contain themselves, or are too deep, are refused by name."""
    with pytest.raises(DagflowInvalidMetadata, match=r"'x' in the metadata of asset 'water'"):
        asset(name="water", metadata={"x": make()})(lambda: 1)
    with pytest.raises(DagflowInvalidMetadata, match="cannot be encoded as JSON"):
        MetadataValue.json(make())
    with pytest.raises(DagflowInvalidDefinitionError, match=r"tag 'x' of op 'boil'"):
        op(name="boil", tags={"x": make()})(lambda: 1)


def test_shared_values_are_no_loop() -> None:
    """A value that stands in two places does not contain itself."""
    shared = [1]

    assert bottomless({"a": shared, "b": {"c": shared}}) is None
    assert bottomless({"a": [1, {"b": deep(3)}]}) is None
