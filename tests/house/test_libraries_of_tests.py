"""A run of pytester does not load a library a second time into this process."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest


@pytest.mark.parametrize("name", ["numpy", "pandas", "polars", "pyarrow"])
def test_a_run_of_pytester_leaves_a_library_as_it_is(pytester: pytest.Pytester, name: str):
    """The inner test has the module of this process, and it stays after the run."""
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    before = sys.modules[name]
    pytester.makepyfile(f"import {name}\ndef test_it(): assert id({name}) == {id(before)}")

    pytester.runpytest_inprocess().assert_outcomes(passed=1)

    assert sys.modules[name] is before
