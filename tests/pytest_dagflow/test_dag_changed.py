"""`changed()` and recorded ties: what a selection knows from the last time the tests ran."""

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
    """Three assets; one of the tests hides what it runs from a reader of its code."""
    pytester.makepyfile(kitchen=KITCHEN.format(milk=1), test_it=TESTS)
    return pytester


def passed(project: pytest.Pytester, *arguments: str) -> list[str]:
    """The tests that passed, without `test_`. A process of its own imports the files as they are now."""
    result = project.runpytest_subprocess("-p", "no:randomly", "-v", *arguments)
    return sorted(line.split("::test_")[1].split()[0] for line in result.outlines if " PASSED" in line)


def test_nodes_that_ran_tie_a_test_the_next_time(project: pytest.Pytester):
    """What the code does not show is known after the first run."""
    assert passed(project, "--dag-select", "water") == ["coffee"]

    passed(project)

    assert passed(project, "--dag-select", "water") == ["coffee", "hidden"]


def test_the_report_says_how_old_the_record_is(project: pytest.Pytester):
    """The header has the age, and an explanation says what is recorded."""
    passed(project)

    result = project.runpytest_subprocess("--dag-select", "water", "--dag-explain")

    result.stdout.fnmatch_lines(["dag-record: * second* old"])
    result.stdout.fnmatch_lines(["*::test_hidden: kept: water, coffee (recorded when it ran)"])


def test_unknown_tests_run_under_changed(project: pytest.Pytester):
    """A test that is not known to have passed runs; once it has, nothing has changed."""
    assert passed(project, "--dag-select", "changed()") == ["coffee", "hidden", "milk", "none"]
    passed(project, "--dag-select", "changed()")  # what the first run recorded is compared from now on

    assert passed(project, "--dag-select", "changed()") == []


def test_a_changed_node_selects_its_tests(project: pytest.Pytester):
    """Code that differs selects; its descendants are selected by a walk."""
    for _ in range(2):
        passed(project, "--dag-select", "changed()")
    project.makepyfile(kitchen=KITCHEN.format(milk=2))

    assert passed(project, "--dag-select", "changed()") == ["milk"]
    assert passed(project, "--dag-select", "changed()") == []


def test_a_test_that_failed_runs_again(project: pytest.Pytester):
    """A change that broke a test is not forgotten by the run that found it."""
    for _ in range(2):
        passed(project, "--dag-select", "changed()")
    project.makepyfile(kitchen=KITCHEN.format(milk=10))

    for _ in range(2):
        result = project.runpytest_subprocess("--dag-select", "changed()")
        result.assert_outcomes(failed=1, deselected=3)


def test_a_change_that_says_nothing_new_selects_nothing(project: pytest.Pytester):
    """A comment is no change."""
    for _ in range(2):
        passed(project, "--dag-select", "changed()")
    source = KITCHEN.format(milk=1).replace("def milk():", "def milk():  # cold")
    project.makepyfile(kitchen=source)

    assert passed(project, "--dag-select", "changed()") == []


def test_removed_tests_are_forgotten(project: pytest.Pytester):
    """What is not there any more does not stand in the record."""
    passed(project)
    project.makepyfile(test_it="def test_other(): pass\n" + "from kitchen import water\n")
    passed(project, "--dag-select", "changed()")

    assert list(stored(project)["tests"]) == ["test_it.py::test_other"]


def test_workers_of_xdist_hand_in_what_they_saw(project: pytest.Pytester):
    """The controller keeps one record of all workers."""
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
    """A file that a future version wrote does not break a session."""
    passed(project)
    record_file(project).write_text('{"tests": 7}', encoding="utf-8")

    assert passed(project, "--dag-select", "water") == ["coffee"]


def test_changed_has_no_meaning_in_a_marker(project: pytest.Pytester):
    """A marker says which nodes a test is about, which does not depend on the day."""
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
    """The record, in pytest's cache."""
    return project.path / ".pytest_cache" / "v" / "dagflow" / "tests"


def stored(project: pytest.Pytester) -> dict:
    """What the record holds."""
    return json.loads(record_file(project).read_text(encoding="utf-8"))
