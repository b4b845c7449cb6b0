"""Tests of `--dag-unknown`: the tests that use dagflow and whose nodes are unknown."""

from __future__ import annotations

import pytest

TESTS = """
    import importlib
    import kitchen
    from dagflow import AssetKey, asset, materialize_to_memory

    @asset
    def milk(): ...

    def test_hidden():
        assert materialize_to_memory([getattr(kitchen, "wat" + "er")]).success

    def test_import():
        assert importlib.import_module("kitchen").water

    def test_lazy():
        from {late} import juice
        assert juice

    def test_fixture(materialize_to_memory): ...

    def test_class():
        assert AssetKey("a")

    def test_milk():
        assert milk

    def test_plain():
        assert sorted([1])
"""
UNKNOWN = ["class", "fixture", "hidden", "import", "lazy"]


def passed(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the tests that passed, without `test_`, in a session without a record."""
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:cacheprovider", "-v", *arguments)
    assert result.ret == 0, str(result.stdout) + str(result.stderr)
    return sorted(line.split("::test_")[1].split()[0] for line in result.outlines if " PASSED" in line)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create tests that reach their nodes by names that the code does not show."""
    module = "from dagflow import asset\n@asset\ndef {}(): ...\n"
    pytester.makepyfile(kitchen=module.format("water"), late=module.format("juice"))
    pytester.makepyfile(test_it=TESTS.format(late="late"))
    return pytester


def test_tests_with_unknown_nodes_are_kept_and_counted(project: pytest.Pytester):
    """A test that can reach dagflow in a way that the code does not show runs; a plain one does not."""
    result = project.runpytest("-p", "no:cacheprovider", "--dag-select", "milk")

    result.assert_outcomes(passed=6, deselected=1)
    result.stdout.fnmatch_lines(
        ["dag-select: 5 tests with unknown ties kept (--dag-unknown=drop drops them)"]
    )


def test_they_can_be_dropped(project: pytest.Pytester):
    """With --dag-unknown=drop only the tests with known nodes run."""
    assert passed(project, "--dag-select", "milk", "--dag-unknown=drop") == ["milk"]
    assert passed(project, "--dag-select", "milk", "--dag-unknown=run") == sorted([*UNKNOWN, "milk"])


def test_a_recorded_run_makes_the_nodes_known(project: pytest.Pytester):
    """After a session, the test of a hidden node is tied to it, and one that ran nothing is known as such."""
    project.runpytest("-p", "no:randomly").assert_outcomes(passed=7)

    result = project.runpytest("-p", "no:randomly", "--dag-select", "milk", "--dag-explain")

    result.stdout.fnmatch_lines(["*test_hidden: dropped, it touches no selected node: water (recorded*"])
    result.stdout.fnmatch_lines(["*test_class: dropped, it touches no known node"])
    result.stdout.fnmatch_lines(["*test_import: kept, its nodes are unknown"])


def test_another_value_is_a_usage_error(pytester: pytest.Pytester):
    """The error names the option and the right forms."""
    result = pytester.runpytest("--dag-select=milk", "--dag-unknown=skip")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --dag-unknown: 'skip' is unknown. Write --dag-unknown=run or --dag-unknown=drop."]
    )


def test_a_call_of_dag_run_ties_a_test(pytester: pytest.Pytester):
    """A literal names a job, an asset or a selection; any other argument may run every node."""
    pytester.makeini("[pytest]\ndag_definitions = kitchen:defs\npythonpath = .")
    pytester.makepyfile(
        kitchen="""
        from dagflow import Definitions, asset, define_asset_job

        @asset
        def water(): ...

        @asset
        def milk(): ...

        defs = Definitions([water, milk], jobs=[define_asset_job("morning", "milk")])
        """,
        test_it="""
        def test_asset(dag_run): dag_run("water")
        def test_assertion(dag_run): assert dag_run("water").success
        def test_job(dag_run): dag_run("morning")
        def test_walk(dag_run): dag_run("+key:milk")
        def test_dynamic(dag_run): dag_run("".join(["wat", "er"]))
        """,
    )

    assert passed(pytester, "--dag-select", "milk") == ["dynamic", "job", "walk"]
    assert passed(pytester, "--dag-select", "water") == ["assertion", "asset", "dynamic"]
