"""Tests of `--dag-against-repeat`: what differs with itself is unstable, and not a change."""

from __future__ import annotations

from typing import Any

import pytest

SHOP = """
import random
import time
import uuid

import dagflow as dg

@dg.asset
def drawn():
    return random.SystemRandom().random()

@dg.asset
def rounded(drawn):
    return f"{drawn:.10f}"

@dg.asset
def table():
    import pandas as pd
    return pd.DataFrame({"id": [1, 2], "fare": [1.0, 2.0], "loaded": [str(uuid.uuid4()), str(uuid.uuid4())]})

@dg.asset
def steady():
    return 1

@dg.asset
def fixed():
    return uuid.uuid4().hex
"""
TESTS = """
import dagflow as dg
import pytest
import shop

def test_all():
    assert dg.materialize_to_memory([shop.drawn, shop.rounded, shop.table, shop.steady]).success

@pytest.fixture(scope="session")
def ran():
    return dg.materialize_to_memory([shop.fixed])

def test_fixture(ran):
    assert ran.success

def test_fixture_again(ran):
    assert ran.success
"""


@pytest.fixture
def shop(compared: Any) -> Any:
    """Commit a project with random values, and change one column and one number."""
    pytest.importorskip("pandas")
    compared.commit(
        shop_dot_py=SHOP, tests__test_shop_dot_py=TESTS, pytest_dot_ini="[pytest]\npythonpath = .\n"
    )
    compared.edit("shop.py", '"fare": [1.0, 2.0]', '"fare": [1.0, 2.5]')
    compared.edit("shop.py", "return 1\n", "return 2\n")
    return compared


ALL = "--dag-select=*"


def test_unstable_values(shop: Any):
    """Only the random column of a frame is unstable; of random nodes the first one is named."""
    result = shop.run(ALL, repeats=True)

    assert shop.states() == {
        "asset drawn": "unstable",
        "asset rounded": "unstable",
        "asset table": "changed",
        "asset steady": "changed",
        "asset fixed": "unstable",
    }
    nodes = shop.nodes()
    assert nodes["asset rounded"]["unstable"] == "asset drawn"
    parts = {
        one["verdict"]: [column["name"] for column in one["table"]["columns"]]
        for one in nodes["asset table"]["differences"]
    }
    assert parts == {"unstable": ["loaded"], "unexpected": ["fare"]}
    # a fixture that several tests use is one run, and is set up again in the repeat
    assert nodes["asset fixed"]["compared"] == 1
    assert len(nodes["asset fixed"]["differences"]) == 1
    assert shop.document["failure"] == "2 unexpected differences"
    result.stdout.fnmatch_lines(
        [
            "asset rounded  unstable after drawn  shop.py:*",
            "dag-against: 2 unexpected differences in 2 nodes, 4 unstable",
        ]
    )


def test_no_repeat(shop: Any):
    """Without a repeat all of these are changes, and other options are errors."""
    shop.run(ALL)
    assert shop.document["counts"]["unstable"] == 0
    assert shop.nodes()["asset drawn"]["state"] == "moved"

    for value in ("-1", "x", "1000"):
        result = shop.pytester.runpytest_inprocess("--dag-against=main", f"--dag-against-repeat={value}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"*--dag-against-repeat: '{value}' is no number from 0 to 100*"])
