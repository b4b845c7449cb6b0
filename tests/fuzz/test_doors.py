"""Tests of the programs of `doors.py` without a drawn argument."""

from __future__ import annotations

import pytest
from doors import DOORS, Door
from law import Program, fault, outcome

RAISE = ("dg.Failure", "dg.RetryRequested", "dg.RetryPolicy")  # so that these programs fail as they should


@pytest.mark.parametrize(
    "door", [door for door in DOORS if door.callee not in RAISE], ids=lambda door: door.callee
)
def test_doors(door: Door) -> None:
    """A program without a drawn argument ends with a result, so that a drawn argument is the only mistake."""
    program = Program(door.source(), door.names)

    found = outcome(program)

    assert not isinstance(found, BaseException), (fault(found, program), found)
