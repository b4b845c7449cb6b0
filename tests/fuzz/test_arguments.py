"""Tests of arguments: each argument of each public function gets values that misbehave."""

from __future__ import annotations

from doors import CALLS
from hypothesis import given
from hypothesis import strategies as st
from law import Program, check, examples
from misbehaving import VALUES

SHAPES = ("{}", "[{}]", "({},)", "{{'a': {}}}", "{{'a': {{'config': {}}}}}", "{{{}: 1}}", "{{{}}}", "[[{}]]")
SHAPES_OF_CONFIG = (
    "{{'ops': {{'brew': {{'config': {}}}}}}}",
    "{{'ops': {}}}",
    "{{'resources': {{'a': {}}}}}",
)

# a value object is no definition: the message names its kind, or the value itself
OF_VALUES = (
    *("an AssetKey", "does not name an asset", "time partitions", "time zone", "cron schedule"),
    *(
        "partition key",
        "StaticPartitionsDefinition",
        "python_type",
        "a stored",
        "is not JSON",
        "cannot be stored",
    ),
    *(
        "cannot be the type of",
        "a resource",
        "of a dimension",
        "dimensions",
        "a config schema",
        "the run of assets",
    ),
)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a program that calls a public function with a value in an unusual place."""
    door, parameter = draw(st.sampled_from(CALLS))
    shapes = SHAPES + (SHAPES_OF_CONFIG if "config" in parameter else ())
    value = draw(st.sampled_from(shapes)).format(draw(st.sampled_from(VALUES)))
    short = door.callee.rpartition(".")[2]
    names = (*door.names, short, parameter, parameter.replace("_", " "), *OF_VALUES)
    return Program(door.source(**{parameter: value}), names)


@given(programs())
@examples(250)
def test_arguments(program: Program) -> None:
    """A value that misbehaves is accepted, or refused by a message that names the definition."""
    check(program)
