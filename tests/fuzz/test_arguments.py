"""Tests of arguments: each argument of each public function gets values that misbehave."""

from __future__ import annotations

import pytest
from doors import CALLS
from hypothesis import given
from hypothesis import strategies as st
from law import Program, check
from misbehaving import VALUES

SHAPES = ("{}", "[{}]", "({},)", "{{'a': {}}}", "{{'a': {{'config': {}}}}}", "{{{}: 1}}", "{{{}}}", "[[{}]]")
SHAPES_OF_CONFIG = ("{{'ops': {{'brew': {{'config': {}}}}}}}", "{{'ops': {}}}", "{{'resources': {{'a': {}}}}}")


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a program that calls a public function with a value in an unusual place."""
    door, parameter = draw(st.sampled_from(CALLS))
    shapes = SHAPES + (SHAPES_OF_CONFIG if "config" in parameter else ())
    value = draw(st.sampled_from(shapes)).format(draw(st.sampled_from(VALUES)))
    names = (*door.names, door.callee.rpartition(".")[2], parameter, parameter.replace("_", " "))
    return Program(door.source(parameter, value), names)


@given(programs())
def test_arguments(program: Program) -> None:
    """A value that misbehaves is accepted, or refused by a message that names the definition."""
    check(program)
