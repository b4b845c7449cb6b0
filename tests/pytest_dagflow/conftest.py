"""The load of the whole runtime before the first test.

A run of pytester in this process removes the modules that it loaded from `sys.modules`. If a part of
dagflow were among them, the next run would have two classes of one name.
"""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import dagflow

for module in pkgutil.walk_packages(dagflow.__path__, "dagflow."):
    importlib.import_module(module.name)


PUMPS = """
    import pytest
    from dagflow import resource

    opened = []

    @resource
    def pump(context):
        opened.append("pump")
        yield "water"
        opened.remove("pump")

    @resource
    def heater(context):
        raise AssertionError("nothing reads it")

    @pytest.fixture
    def dag_resources():
        return {"pump": pump, "heater": heater}

    @pytest.fixture(autouse=True)
    def check_closed():
        yield
        assert not opened
"""


@pytest.fixture
def pumps(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project whose tests have a resource that must be closed, and one that cannot start.

    Each test fails if a resource is open after it.
    """
    pytester.makeconftest(PUMPS)
    return pytester


CAFE = """
    from dagflow import asset, materialize_to_memory

    @asset
    def water():
        return 1

    @asset
    def tea(water):
        return water

    def test_water():
        materialize_to_memory([water])
"""


@pytest.fixture
def cafe(pytester: pytest.Pytester) -> pytest.Pytester:
    """Write `test_cafe.py`: two assets, and a test of one of them."""
    pytester.makepyfile(test_cafe=CAFE)
    return pytester
