"""Tests of `changed()` and of recorded links: the nodes that ran in the last session."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

KITCHEN = """
    from dagflow import asset

    @asset
    def water():
        return 1

    @asset
    def coffee(water):
        return water + 1

    @asset
    def milk():
        return {milk}

    def everything():
        return [globals()[name] for name in ("water", "coffee")]
"""

TESTS = """
    import kitchen
    from dagflow import materialize_to_memory
    from kitchen import coffee, milk, water

    def test_coffee():
        assert materialize_to_memory([water, coffee]).success

    def test_milk():
        assert milk() < 9

    def test_hidden():
        found = getattr(kitchen, "every" + "thing")()
        assert materialize_to_memory(found).success

    def test_none():
        pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create three assets; one test hides the asset that it runs from the analysis of its code."""
    pytester.makepyfile(kitchen=KITCHEN.format(milk=1), test_it=TESTS)
    return pytester


def passed(project: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the tests that passed, without `test_`. A new process imports the current files."""
    result = project.runpytest_subprocess("-p", "no:randomly", "-v", *arguments)
    return sorted(line.split("::test_")[1].split()[0] for line in result.outlines if " PASSED" in line)


def test_nodes_that_ran_tie_a_test_the_next_time(project: pytest.Pytester):
    """A link that the code does not show is recorded in the first run."""
    assert passed(project, "--dag-select", "water") == ["coffee"]

    passed(project)

    assert passed(project, "--dag-select", "water") == ["coffee", "hidden"]


def test_the_report_says_how_old_the_record_is(project: pytest.Pytester):
    """The header has the age of the record, and explanations name recorded links."""
    passed(project)

    result = project.runpytest_subprocess("--dag-select", "water", "--dag-explain")

    result.stdout.fnmatch_lines(["dag-record: * second* old"])
    result.stdout.fnmatch_lines(["*::test_hidden: kept: coffee, water (recorded when it ran)"])


def test_unknown_tests_run_under_changed(project: pytest.Pytester):
    """A test runs until it has passed once; then no node has changed."""
    assert passed(project, "--dag-select", "changed()") == ["coffee", "hidden", "milk", "none"]
    passed(project, "--dag-select", "changed()")  # the record of the first run is compared from now on

    assert passed(project, "--dag-select", "changed()") == []


def test_a_changed_node_selects_its_tests(project: pytest.Pytester):
    """Changed code selects the node; a walk selects its descendants."""
    for _ in range(2):
        passed(project, "--dag-select", "changed()")
    project.makepyfile(kitchen=KITCHEN.format(milk=2))

    assert passed(project, "--dag-select", "changed()") == ["milk"]
    assert passed(project, "--dag-select", "changed()") == []


def test_a_test_that_failed_runs_again(project: pytest.Pytester):
    """A change that broke a test selects the test again in the next session."""
    for _ in range(2):
        passed(project, "--dag-select", "changed()")
    project.makepyfile(kitchen=KITCHEN.format(milk=10))

    for _ in range(2):
        result = project.runpytest_subprocess("--dag-select", "changed()")
        result.assert_outcomes(failed=1, deselected=3)


def test_a_change_that_says_nothing_new_selects_nothing(project: pytest.Pytester):
    """A new comment is not a change."""
    for _ in range(2):
        passed(project, "--dag-select", "changed()")
    source = KITCHEN.format(milk=1).replace("def milk():", "def milk():  # cold")
    project.makepyfile(kitchen=source)

    assert passed(project, "--dag-select", "changed()") == []


def test_removed_tests_are_forgotten(project: pytest.Pytester):
    """The record has no test that was deleted."""
    passed(project)
    project.makepyfile(test_it="def test_other(): pass\n" + "from kitchen import water\n")
    passed(project, "--dag-select", "changed()")

    assert list(stored(project)["tests"]) == ["test_it.py::test_other"]


def test_workers_of_xdist_hand_in_what_they_saw(project: pytest.Pytester):
    """The controller stores one record for all workers."""
    pytest.importorskip("xdist")

    passed(project, "-n", "2")

    assert sorted(name.split("::test_")[1] for name in stored(project)["tests"]) == [
        "coffee",
        "hidden",
        "milk",
        "none",
    ]
    ran = stored(project)["tests"]["test_it.py::test_hidden"]["ran"]
    assert sorted(name for name, job in ran) == ["coffee", "water"]


def test_without_a_cache_nothing_is_kept(project: pytest.Pytester):
    """The plugin works without pytest's cache; every test is unknown each time."""
    for _ in range(2):
        names = passed(project, "-p", "no:cacheprovider", "--dag-select", "changed()")
        assert names == ["coffee", "hidden", "milk", "none"]


def test_a_record_of_another_form_is_no_record(project: pytest.Pytester):
    """A record that a future version wrote is ignored."""
    passed(project)
    record_file(project).write_text('{"tests": 7}', encoding="utf-8")

    assert passed(project, "--dag-select", "water") == ["coffee"]


def test_changed_has_no_meaning_in_a_marker(project: pytest.Pytester):
    """A marker names the nodes of a test, which do not depend on the record."""
    project.makepyfile(
        test_it="""
        import pytest
        import kitchen

        @pytest.mark.dag_nodes("changed()")
        def test_one():
            pass
        """
    )
    result = project.runpytest_subprocess("--dag-explain")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*test_one, declared by dag_nodes: 'changed()': changed() has no meaning here*"]
    )


def record_file(project: pytest.Pytester) -> Path:
    """Return the path of the record in pytest's cache."""
    return project.path / ".pytest_cache" / "v" / "dagflow" / "tests"


def stored(project: pytest.Pytester) -> dict:
    """Return the content of the record."""
    return json.loads(record_file(project).read_text(encoding="utf-8"))
