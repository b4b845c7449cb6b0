"""Definitions of I/O managers and input managers: their config, and the config of each output and input."""

from __future__ import annotations

import pytest

from dagflow import (
    DagflowInvalidConfigError,
    Field,
    In,
    InputManagerDefinition,
    IOManager,
    IOManagerDefinition,
    Out,
    ParameterCheckError,
    input_manager,
    io_manager,
    job,
    op,
    validate_run_config,
)
from dagflow.defs.resources.definition import as_resources


@op
def one():
    return 1


@op(ins={"n": In(input_manager_key="shelf")})
def two(n):
    return n


def reader(shelf):
    """A job with an unfed input that this manager loads."""
    return job(name="reader", resource_defs={"shelf": shelf, "cup": 7})(two_alone)


def two_alone():
    two()


def test_a_function_loads_an_input():
    """The function takes the context of the input, or no argument."""

    @input_manager
    def named(context):
        return context.name

    @input_manager
    def silent():
        return 5

    assert reader(named).execute_in_process().output_for_node("two") == "n"
    assert reader(silent).execute_in_process().output_for_node("two") == 5


def test_it_loads_in_the_place_of_who_stored():
    """An input with an input manager ignores the I/O manager of the output."""

    @input_manager
    def other(context):
        return context.upstream_output.name, context.upstream_output.step_key

    @job(resource_defs={"shelf": other})
    def j():
        two(one())

    assert j.execute_in_process().output_for_node("two") == ("result", "one")


def test_config_of_manager_and_input():
    """Each has its own path in the run config."""

    @input_manager(config_schema={"r": int}, input_config_schema={"i": int}, required_resource_keys={"cup"})
    def configured(context):
        return context.resource_config, context.config, context.resources.cup

    run_config = {"resources": {"shelf": {"config": {"r": 1}}}, "ops": {"two": {"inputs": {"n": {"i": 3}}}}}

    result = reader(configured).execute_in_process(run_config=run_config)

    assert result.output_for_node("two") == ({"r": 1}, {"i": 3}, 7)
    with pytest.raises(DagflowInvalidConfigError, match=r"\['ops', 'resources'\]"):
        reader(configured).execute_in_process()


def test_an_error_of_the_function():
    """It is an error of the input; the caller gets the same exception."""

    @input_manager
    def broken(context):
        raise ValueError("no shelf")

    with pytest.raises(ValueError, match="no shelf"):
        reader(broken).execute_in_process()
    failure = reader(broken).execute_in_process(raise_on_error=False).failure_data_for_node("two")
    assert failure.error.cls_name == "DagflowExecutionLoadInputError"


class Notes(IOManager):
    """An I/O manager that records the config of each store and load."""

    def __init__(self):
        self.said = []

    def handle_output(self, context, obj):
        self.said.append((context.step_key, context.config))

    def load_input(self, context):
        self.said.append((context.name, context.upstream_output.config))
        return 4


def test_config_of_each_output():
    """The config is at `ops.<op>.outputs.<output>`; the reader has it in its upstream output."""
    notes = Notes()

    @io_manager(output_config_schema={"o": Field(int, default_value=2)})
    def manager():
        return notes

    @op
    def three(n):
        return n

    @job(resource_defs={"io_manager": manager})
    def j():
        three(one())

    result = j.execute_in_process(run_config={"ops": {"one": {"outputs": {"result": {"o": 5}}}}})

    assert result.output_for_node("three") == 4
    assert notes.said == [("one", {"o": 5}), ("n", {"o": 5}), ("three", {"o": 2})]


def test_an_output_that_must_be_configured():
    """The error about missing config has the whole path; other outputs accept no config."""

    @io_manager(output_config_schema={"o": int})
    def manager():
        return Notes()

    @op(out={"a": Out(io_manager_key="strict"), "b": Out()})
    def both():
        return 1, 2

    @job(resource_defs={"strict": manager})
    def j():
        both()

    with pytest.raises(DagflowInvalidConfigError, match=r"\{'ops': \{'both': \{'outputs': \{'a': \{'o': 0"):
        j.execute_in_process()
    with pytest.raises(DagflowInvalidConfigError, match='"b"'):
        validate_run_config(j, {"ops": {"both": {"outputs": {"a": {"o": 1}, "b": 3}}}})


def test_what_the_definitions_say():
    """The schemas can be read; an argument that is not a function raises."""
    definition = input_manager(input_config_schema=int)(lambda context: 1)

    assert isinstance(definition, InputManagerDefinition)
    assert definition.input_config_schema is not None
    assert io_manager(output_config_schema=int)(Notes).output_config_schema is not None
    assert io_manager(input_config_schema=int)(Notes).input_config_schema is not None
    with pytest.raises(ParameterCheckError, match="load_fn"):
        InputManagerDefinition(5)


def test_an_io_manager_that_is_given_as_it_is():
    """An object of an I/O manager becomes an IOManagerDefinition of it."""

    class Shelf(IOManager):
        def handle_output(self, context, obj): ...

        def load_input(self, context): ...

    shelf = Shelf()
    (definition,) = as_resources({"shelf": shelf}, "here").values()

    assert isinstance(definition, IOManagerDefinition)
    assert definition.value is shelf
