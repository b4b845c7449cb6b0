"""Definitions of resources and I/O managers."""

from __future__ import annotations

import functools
import logging
from typing import Any

import pytest

from dagflow import (
    Field,
    Int,
    IOManager,
    IOManagerDefinition,
    Noneable,
    ResourceDefinition,
    build_init_logger_context,
    build_resources,
    input_manager,
    io_manager,
    job,
    logger,
    make_values_resource,
    op,
    resource,
)
from dagflow.defs.resources.definition import as_resources
from dagflow.errors import DagflowInvalidConfigError, DagflowInvalidDefinitionError, ParameterCheckError


class Store(IOManager):
    """An I/O manager that stores nothing."""

    def handle_output(self, context: Any, obj: Any) -> None: ...

    def load_input(self, context: Any) -> Any: ...


def test_a_bare_resource() -> None:
    """The description is the docstring; a call creates the resource."""

    @resource
    def beans() -> int:
        """Fresh."""
        return 3

    assert isinstance(beans, ResourceDefinition)
    assert (beans.description, beans.takes_context, beans.config_field) == ("Fresh.", False, None)
    assert beans() == 3
    assert repr(beans) == "<ResourceDefinition beans>"


def test_every_parameter() -> None:
    """Schema, description, required keys and version are stored."""

    @resource({"n": int}, "d", {"db"}, "v")
    def beans(context: Any) -> Any: ...

    assert beans.config_schema is beans.config_field is not None
    assert (beans.description, beans.required_resource_keys, beans.version) == ("d", {"db"}, "v")
    assert beans.takes_context


@pytest.mark.parametrize("schema", [int, Field(int)])
def test_a_type_is_a_schema(schema: Any) -> None:
    """A type is the schema, not the decorated function."""
    made = resource(schema)(lambda context: context.resource_config)
    assert made.config_field.is_required


@pytest.mark.parametrize(
    ("fn", "takes"),
    [
        (lambda: 1, False),
        (lambda context: 1, True),
        (lambda _init=None: 1, True),
        (lambda *args: 1, True),
        (functools.partial(lambda a, context: 1, 2), True),
    ],
)
def test_whether_it_is_given_a_context(fn: Any, takes: bool) -> None:
    """A function with a suitable parameter receives the context."""
    assert ResourceDefinition(fn).takes_context is takes


def test_a_callable_without_a_signature_is_given_a_context() -> None:
    """It receives a context, since Python cannot read its parameters."""
    assert ResourceDefinition(type).takes_context


def test_values() -> None:
    """A plain value is a resource, even None."""
    thing = object()

    assert ResourceDefinition.hardcoded_resource(thing, "d").value is thing
    assert ResourceDefinition.hardcoded_resource(thing, "d").description == "d"
    assert ResourceDefinition.none_resource().value is None
    assert IOManagerDefinition.hardcoded_io_manager(thing).value is thing


def test_plain_objects_are_wrapped() -> None:
    """They become definitions; definitions stay the same objects."""
    made = ResourceDefinition.hardcoded_resource(1)
    found = as_resources({"a": made, "b": 5}, "job 'j'")

    assert found["a"] is made
    assert found["b"].value == 5
    assert as_resources(None, "job 'j'") == {}


def test_a_resource_made_of_its_config() -> None:
    """`make_values_resource` returns the dict of the run config."""

    @op(required_resource_keys={"values"})
    def read(context: Any) -> Any:
        return context.resources.values

    @job(resource_defs={"values": make_values_resource(x=int)})
    def j() -> None:
        read()

    result = j.execute_in_process(run_config={"resources": {"values": {"config": {"x": 1}}}})

    assert result.output_for_node("read") == {"x": 1}
    with pytest.raises(DagflowInvalidConfigError, match=r"missing entry: .*'values'"):
        j.execute_in_process()


def test_io_managers() -> None:
    """The decorator works with and without arguments."""

    @io_manager
    def bare() -> Any:
        return Store()

    @io_manager({"n": int}, required_resource_keys={"db"})
    def full(context: Any) -> Any:
        return Store()

    assert isinstance(bare, IOManagerDefinition)
    assert isinstance(bare(), Store)
    assert full.required_resource_keys == {"db"}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ResourceDefinition(5), ParameterCheckError, "'resource_fn' must be a function, not 5"),
        (lambda: resource()(5), DagflowInvalidDefinitionError, "made of a function, not 5"),
        (
            lambda: resource(lambda a, b: 1),
            DagflowInvalidDefinitionError,
            r"test_definition.py:\d+ expects only a single positional",
        ),
        (
            lambda: as_resources([1], "job 'j'"),
            ParameterCheckError,
            "'resources' of job 'j' must be of type 'Mapping'",
        ),
        (
            lambda: as_resources({"a b": 1}, "x"),
            DagflowInvalidDefinitionError,
            '"a b" is not a valid name for a res',
        ),
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], message: str) -> None:
    """Invalid arguments raise at the definition."""
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("decorator", [resource, io_manager, input_manager])
@pytest.mark.parametrize("keys", ["db", [1], 3])
def test_required_keys_are_a_set_of_strings(decorator: Any, keys: Any) -> None:
    """A string is not read as a set of letters; the error has the location of the function."""
    message = r"resource \(.*test_definition.py:\d+\): 'required_resource"
    with pytest.raises(ParameterCheckError, match=message):
        decorator(required_resource_keys=keys)(lambda context: None)


@pytest.mark.parametrize(
    "fn", [lambda context, pot: pot, lambda *, pot: pot, lambda context, *, pot: pot, lambda *args, pot: pot]
)
def test_parameters_that_get_no_value(fn):
    """A required parameter besides the init context is refused when the resource is defined."""
    with pytest.raises(DagflowInvalidDefinitionError, match="Give pot a default"):
        resource(fn)


def test_a_function_with_optional_keywords():
    """A function whose parameters are all optional keywords takes no context."""
    assert resource(lambda *, size=3: size)() == 3


def test_a_class_as_the_function_of_a_decorator() -> None:
    """A class can be the function of a resource, an I/O manager or a logger."""

    class Kettle(IOManager):
        def __init__(self, context: Any) -> None:
            self.config = context.resource_config

        def handle_output(self, context: Any, obj: Any) -> None: ...

        def load_input(self, context: Any) -> Any: ...

    class Log(logging.Logger):
        def __init__(self, context: Any) -> None:
            super().__init__("shop")

    with build_resources({"kettle": resource(Kettle), "manager": io_manager(Kettle)}) as started:
        assert isinstance(started.kettle, Kettle)
        assert isinstance(started.manager, Kettle)
    assert isinstance(logger(Log)(build_init_logger_context()), Log)


@pytest.mark.parametrize("schema", [int, dict, Int, Noneable(int), Field(int)])
def test_a_class_as_the_config_schema_of_a_decorator(schema: Any) -> None:
    """A class that is a config schema is not taken for the function."""
    for decorate in (resource, io_manager, logger):
        assert decorate(schema)(lambda context: None).config_field is not None
