"""Tests of `--dag-explain`: the reason why each test was kept or dropped."""

from __future__ import annotations

import json
import sys

import pytest

TESTS = """
    import pytest
    from dagflow import asset

    @asset
    def water():
        return 1

    @asset
    def coffee(water):
        return 2

    def helper():
        return water

    @pytest.fixture
    def cup():
        return coffee

    @pytest.mark.dag_nodes("coffee")
    def test_declared():
        pass

    def test_inferred():
        assert water

    def test_helper():
        assert helper()

    def test_fixture(cup):
        assert cup

    @pytest.mark.parametrize("node", [water], ids=["w"])
    def test_parameter(node):
        assert node

    @pytest.mark.dag_nodes("water")
    def test_strongest():
        assert water

    def test_nothing():
        pass
"""


def explained(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the lines about tests, without the file."""
    pytester.makepyfile(test_it=TESTS)
    result = pytester.runpytest("-p", "no:randomly", "--dag-explain", *arguments)
    return [
        line.partition("test_it.py::test_")[2] for line in result.outlines if line.startswith("test_it.py::")
    ]


def test_each_tie_says_how_it_is_known(pytester: pytest.Pytester):
    """Without a selection all tests are kept; the strongest link to each node is shown."""
    assert explained(pytester) == [
        "declared: kept: coffee (declared by dag_nodes)",
        "inferred: kept: water (inferred from 'water')",
        "helper: kept: water (inferred from 'water' in helper())",
        "fixture: kept: coffee (inferred from 'coffee' in fixture 'cup')",
        "parameter[w]: kept: water (inferred from parameter 'node')",
        "strongest: kept: water (declared by dag_nodes)",
        "nothing: kept",
    ]


def test_each_verdict_has_a_reason(pytester: pytest.Pytester):
    """A test is dropped for an excluded node, or because it touches no selected node."""
    assert explained(pytester, "--dag-select", "coffee") == [
        "declared: kept: coffee (declared by dag_nodes)",
        "inferred: dropped, it touches no selected node: water (inferred from 'water')",
        "helper: dropped, it touches no selected node: water (inferred from 'water' in helper())",
        "fixture: kept: coffee (inferred from 'coffee' in fixture 'cup')",
        "parameter[w]: dropped, it touches no selected node: water (inferred from parameter 'node')",
        "strongest: dropped, it touches no selected node: water (declared by dag_nodes)",
        "nothing: dropped, it does not use dagflow",
    ]


def test_what_is_excluded_is_said(pytester: pytest.Pytester):
    """The reason for an exclusion is shown without a selection too."""
    lines = explained(pytester, "--dag-exclude", "coffee")

    assert lines[0] == "declared: dropped, it touches an excluded node: coffee (declared by dag_nodes)"
    assert lines[-1] == "nothing: kept"


def test_it_is_shown_under_xdist_too(pytester: pytest.Pytester):
    """The controller shows the lines of a worker."""
    pytest.importorskip("xdist")
    pytester.makepyfile(test_it=TESTS)

    result = pytester.runpytest_subprocess("-n", "2", "--dag-explain")

    result.stdout.fnmatch_lines(["*::test_declared: kept: coffee (declared by dag_nodes)"])


FOLDED = """
    import pytest
    from kitchen import coffee, water

    @pytest.mark.parametrize("n", range(20))
    def test_many(n):
        assert water

    @pytest.mark.parametrize("node", [water, coffee], ids=["w", "c"])
    def test_each(node):
        assert node

    def test_plain(): ...
"""
KITCHEN = """
    from dagflow import asset

    RATE = {rate}

    def helper():
        return RATE

    @asset
    def water():
        return helper()

    @asset
    def coffee():
        return 2
"""


@pytest.fixture
def kitchen(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Create two assets and parametrized tests, run them, and change a constant."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    pytester.makepyfile(kitchen=KITCHEN.format(rate=1), test_it=FOLDED)
    pytester.runpytest("-p", "no:randomly")
    pytester.makepyfile(kitchen=KITCHEN.format(rate=2))
    return pytester


def test_the_tests_of_a_function_are_one_line(kitchen: pytest.Pytester):
    """Parameters with the same verdict are folded; the facet and the block that changed are named."""
    result = kitchen.runpytest("-p", "no:randomly", "--dag-select", "changed()", "--dag-explain")

    lines = [line for line in result.outlines if line.startswith("test_it.py::")]
    changed = "changed: code of water (kitchen.py: RATE changed)"
    assert lines == [
        "test_it.py::test_many[0, 1, 2, 3, 4, 5, 6, 7 and 12 more]: kept: water (inferred from 'water'): "
        + changed,
        "test_it.py::test_each[w]: kept: water (inferred from parameter 'node'): " + changed,
        "test_it.py::test_each[c]: dropped, it touches no selected node: "
        "coffee (inferred from parameter 'node')",
        "test_it.py::test_plain: dropped, it does not use dagflow",
    ]


def test_the_explanation_is_one_json_document(kitchen: pytest.Pytester):
    """The document has each test with its verdict, the reason, the nodes and the changes."""
    result = kitchen.runpytest(
        "-p", "no:randomly", "-k", "each or plain", "--dag-select", "changed()", "--dag-explain=json"
    )

    begin, end = result.outlines.index("{"), result.outlines.index("}")
    found = json.loads("\n".join(result.outlines[begin : end + 1]))
    assert (found["version"], found["selected"], found["record"]["absence"]) == (1, ["water"], None)
    by_id = {test["id"].partition("::")[2]: test for test in found["tests"]}
    assert by_id["test_each[w]"] == {
        "id": "test_it.py::test_each[w]",
        "kept": True,
        "reason": None,
        "unknown": False,
        "nodes": [{"name": "water", "link": "inferred from parameter 'node'"}],
        "changes": [{"node": "water", "facet": "code", "details": ["kitchen.py: RATE changed"]}],
    }
    assert by_id["test_plain"]["reason"] == "it does not use dagflow"


def test_the_value_of_the_option_is_checked(pytester: pytest.Pytester):
    """Another form than json is a usage error; a path behind the option is no value of it."""
    pytester.makepyfile(test_it="def test_it(): ...")

    wrong = pytester.runpytest_subprocess("--dag-explain=yaml")
    right = pytester.runpytest("--dag-explain", "test_it.py")

    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    wrong.stderr.fnmatch_lines(
        ["*argument --dag-explain/--dag-explain=json: ignored explicit argument 'yaml'*"]
    )
    right.stdout.fnmatch_lines(["test_it.py::test_it: kept"])
