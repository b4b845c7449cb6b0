"""Tests of what counts as equal or as expected under `--dag-against`, and of what fails the session.

They are the options `--dag-against-rule` and `--dag-against-fail`, the ini key `dag_against_rules`, and the
marker `dag_expect_change`.
"""

from __future__ import annotations

from typing import Any

import pytest

SHOP = """
import dagflow as dg

@dg.asset
def orders():
    return {"id": [1, 2, 3], "fare": [1.0, 2.0, 3.0], "loaded": ["x", "y", "z"]}

@dg.asset
def total(orders):
    return sum(orders["fare"])

@dg.asset
def twice(total):
    return total * 2

@dg.asset
def other():
    return 1

@dg.asset
def steady():
    return 1

@dg.asset
def fixed():
    return 1
"""
TESTS = """
import dagflow as dg
import pytest
import shop

@pytest.fixture(scope="session")
def ran():
    return dg.materialize_to_memory([shop.fixed])

def run(*assets):
    assert dg.materialize_to_memory(assets).success

@pytest.mark.dag_expect_change("total++", reason="new tariff")
@pytest.mark.dag_expect_change("steady", reason="it may move")
def test_total():
    run(shop.orders, shop.total, shop.twice, shop.steady)

def test_other():
    run(shop.other)

@pytest.mark.dag_expect_change("fixed", reason="of a fixture")
def test_fixed(ran):
    assert ran.success
"""


@pytest.fixture
def shop(compared: Any) -> Any:
    """Commit a project, and change the data of most assets."""
    compared.commit(
        shop_dot_py=SHOP, tests__test_shop_dot_py=TESTS, pytest_dot_ini="[pytest]\npythonpath = .\n"
    )
    compared.edit("shop.py", '"fare": [1.0, 2.0, 3.0]', '"fare": [1.0, 2.0, 3.001]')
    compared.edit("shop.py", "def steady():\n    return 1", "def steady():\n    return 2 - 1")
    compared.edit("shop.py", "def fixed():\n    return 1", "def fixed():\n    return 2")
    return compared


def verdicts(shop: Any) -> dict[str, list[tuple[str, str]]]:
    """Return the verdict and the reason of each difference by asset."""
    return {
        label.removeprefix("asset "): [(one["verdict"], one["reason"]) for one in node["differences"]]
        for label, node in shop.nodes().items()
        if node["differences"]
    }


def test_markers_and_exit_codes(shop: Any):
    """A marker expects changes in its test and fixtures; an unexpected one fails the session."""
    result = shop.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdicts(shop) == {
        "orders": [("unexpected", "")],
        "total": [("expected", "new tariff")],
        "twice": [("expected", "new tariff")],
        "fixed": [("expected", "of a fixture")],
    }
    assert shop.document["unused"] == [
        "the change of 'steady' that marker dag_expect_change expects did not happen in "
        "tests/test_shop.py::test_total"
    ]
    assert shop.document["failure"] == "1 unexpected difference"
    result.stdout.fnmatch_lines(["    expected: new tariff", "the change of 'steady' * did not happen in*"])

    result = shop.run("--dag-against-fail=never")
    assert (result.ret, shop.document["failure"]) == (pytest.ExitCode.OK, "")
    assert shop.document["counts"] == {"unexpected": 1, "expected": 3, "unstable": 0}


def test_rules(shop: Any):
    """Rules of the command line come after those of the ini file, and the later one wins."""
    shop.write(
        pytest_dot_ini="""[pytest]
pythonpath = .
dag_against_rules =
    rel=0.5
    total++: expect
    steady: expect
    twice: rel=1e-12
"""
    )

    result = shop.run("--dag-against-rule=fixed: ignore", "--dag-against-rule", "orders: ignore=fare")
    assert verdicts(shop) == {"twice": [("expected", "new tariff")]}
    assert result.ret == pytest.ExitCode.OK
    assert shop.document["unused"][-1] == "rule 'steady: expect': no such change"
    assert shop.document["not_compared"] == {"asset fixed": "rule 'fixed: ignore' ignores it"}
    assert shop.states()["asset fixed"] == "not-compared"
    result.stdout.fnmatch_lines(["dag-against: no unexpected difference, 1 expected"])

    result = shop.run(
        "--dag-against-rule=orders: rel=0 expect=fare",
        "--dag-against-fail=any",
        "--dag-against-repeat=0",
        "-n1",
    )
    assert verdicts(shop) == {
        "orders": [("expected", "rule 'orders: rel=0 expect=fare'")],
        "twice": [("expected", "new tariff")],
        "fixed": [("expected", "of a fixture")],
    }
    assert shop.document["failure"] == "3 differences"
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--dag-against-rule=nothing: abs=1", "*--dag-against-rule: 'nothing: abs=1'*nothing*"),
        ("--dag-against-rule=orders: abs=x", "*--dag-against-rule: 'orders: abs=x': 'abs=x' needs a number*"),
        ("--dag-against-rule=orders: sort", "*'sort' is no setting*"),
        ("--dag-against-rule=: abs=1", "*it lacks the nodes before the colon*"),
        ("--dag-against-fail=no", "*--dag-against-fail: 'no' is unknown*"),
        ("--dag-against-report=xml", "*--dag-against-report: 'xml' is no format*"),
    ],
)
def test_bad_rules(shop: Any, argument: str, message: str):
    """The error names the option, the value and what to write."""
    result = shop.pytester.runpytest_inprocess("--dag-against=main", argument)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    shop.check_nothing_is_left()


def test_bad_markers(shop: Any):
    """A marker that names an unknown node, or has wrong arguments, is an error of usage, also under xdist."""
    shop.edit("tests/test_shop.py", '"steady", reason', '"stedy", reason')
    for options in ((), ("-n1",)):
        result = shop.pytester.runpytest_inprocess("--dag-against=main", *options)
        output = result.stdout.str() + result.stderr.str()
        assert "test_total: marker dag_expect_change" in output.replace("\n", " ").replace("  ", " ")
        assert "stedy" in output
        assert result.ret != pytest.ExitCode.OK
    assert result.ret == pytest.ExitCode.TESTS_FAILED

    shop.edit("tests/test_shop.py", '"stedy", reason="it may move"', '"steady"')
    result = shop.pytester.runpytest_inprocess("--dag-against=main")
    assert result.ret in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED)
    assert "missing a reason" in result.stdout.str() + result.stderr.str() or "reason" in result.stdout.str()
    shop.check_nothing_is_left()


def test_options_that_have_no_effect_alone(pytester: pytest.Pytester):
    """An option of the comparison without `--dag-against` is an error that names it."""
    pytester.makepyfile("def test_it(): pass")
    options = (
        "--dag-against-fail=any",
        "--dag-against-rule=abs=1",
        "--dag-against-repeat=2",
        "--dag-against-report=json",
        "--dag-run=orders",
        "--dag-run-partition=mon",
    )
    for option in options:
        result = pytester.runpytest_inprocess(option)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"*{option.split('=')[0]} has no effect without --dag-against*"])
    result = pytester.runpytest_inprocess("--dag-against=main", "--dag-run-partition=mon")
    result.stderr.fnmatch_lines(["*--dag-run-partition has no effect without --dag-run.*"])
    result = pytester.runpytest_inprocess("--dag-against= ")
    result.stderr.fnmatch_lines(["*--dag-against: the revision is empty. Write --dag-against=main"])
