"""Tests of the runs that a report has: those of a test and of its fixtures, until their end."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest

Section = Callable[[pytest.RunResult], list[str]]


def test_of_several_runs_the_failed_and_the_last_are_shown(kitchen: pytest.Pytester, section: Section):
    """The last failed run and the last run are shown."""
    kitchen.makepyfile(
        """
        import pytest
        from dagflow import job
        from kitchen import breakfast, grind

        @job
        def lunch():
            grind()

        def test_many(execute_in_process, dag_clock):
            execute_in_process(lunch)
            execute_in_process(breakfast, raise_on_error=False)
            execute_in_process(lunch)
            result = execute_in_process(lunch)
            assert result.output_for_node("grind") == "tea"
        """
    )

    result = kitchen.runpytest()

    result.stdout.fnmatch_lines(["*- dagflow: 4 runs -*"])
    shown = [line.partition(" in ")[0] for line in section(result) if line.startswith("run of ")]
    assert shown == ["run of 'breakfast': failed", "run of 'lunch': succeeded"]


def test_the_junit_properties_are_nodes_partition_and_run(kitchen: pytest.Pytester):
    """Each test that ran a pipeline has the properties, whether it passed or not."""
    kitchen.makepyfile(
        """
        import pathlib
        from kitchen import grind, water
        from dagflow import job

        @job
        def small():
            grind()

        def test_passes(execute_in_process):
            pathlib.Path("id").write_text(execute_in_process(small).run_id)

        def test_fails(materialize_to_memory):
            materialize_to_memory([water], partition_key="b")

        def test_nothing():
            pass
        """
    )

    kitchen.runpytest("--junitxml=junit.xml", "-p", "no:randomly")

    tree = ElementTree.parse(kitchen.path / "junit.xml")
    found = {
        case.attrib["name"]: {item.attrib["name"]: item.attrib["value"] for item in case.iter("property")}
        for case in tree.iter("testcase")
    }
    assert found["test_passes"] == {
        "dag_nodes": "grind",
        "dag_run_id": (kitchen.path / "id").read_text(),
    }
    assert found["test_fails"]["dag_nodes"] == "cafe__water"
    assert found["test_fails"]["dag_partition"] == "b"
    assert found["test_nothing"] == {}
    failure = next(iter(tree.iter("failure")))
    assert "run of assets: failed" in (failure.text or "")


def test_runs_are_observed_if_a_fixture_loads_the_runtime(pytester: pytest.Pytester):
    """A test file without an import of dagflow has a section too."""
    pytester.makepyfile(
        """
        def test_lazy(materialize_to_memory):
            from dagflow import asset

            @asset
            def water():
                raise ValueError("dry")

            materialize_to_memory([water])
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:randomly")

    result.stdout.fnmatch_lines(["run of assets: failed in *"])


def test_runs_are_freed_when_the_test_ends(kitchen: pytest.Pytester):
    """The values of a test's runs are freed before the next test."""
    kitchen.makepyfile(
        """
        import gc
        import weakref
        from dagflow import asset

        class Large:
            pass

        @asset
        def water():
            return Large()

        kept = []

        def test_makes(materialize_to_memory):
            kept.append(weakref.ref(materialize_to_memory([water]).asset_value("water")))

        def test_after():
            gc.collect()
            assert kept[0]() is None
        """
    )

    kitchen.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=2)


def test_runs_of_session_and_module_fixtures_are_shown(kitchen: pytest.Pytester):
    """Each failing test that uses the fixture shows its run, and no other test does."""
    kitchen.makeconftest(
        """
        import pytest
        from dagflow import asset, materialize_to_memory
        from kitchen import breakfast

        @asset
        def seed():
            return 1

        @pytest.fixture(scope="session")
        def warehouse():
            return materialize_to_memory([seed])

        @pytest.fixture(scope="module")
        def broken(warehouse):
            return breakfast.execute_in_process()
        """
    )
    kitchen.makepyfile(
        """
        import pytest
        from dagflow import materialize_to_memory
        from conftest import seed

        def test_first(warehouse):
            assert not warehouse.success

        def test_second(warehouse):
            assert not warehouse.success

        def test_other():
            assert materialize_to_memory([seed]).success is None

        def test_own(warehouse):
            assert materialize_to_memory([seed]).success is None

        @pytest.mark.parametrize("n", [1, 2])
        def test_broken(broken, n):
            pass
        """
    )

    result = kitchen.runpytest("-p", "no:randomly", "--junitxml=junit.xml", "-W", "error")

    result.assert_outcomes(failed=4, errors=2)
    shown = [line.partition(" in ")[0::2] for line in result.outlines if line.startswith("run of ")]
    assert [head for head, _ in shown] == [
        "run of 'breakfast'",
        "run of 'breakfast'",
        *["run of assets"] * 2,
        *["run of assets: succeeded"] * 2,
    ]
    assert sum("fixture 'warehouse': succeeded" in rest for _, rest in shown) == 2
    assert sum("fixture 'broken': failed" in rest for _, rest in shown) == 2
    assert sum("- dagflow: 2 runs -" in line for line in result.outlines) == 3
    result.stdout.no_fnmatch_line("*pytest_dagflow*")
    properties = [
        case.attrib["name"]
        for case in ElementTree.parse(kitchen.path / "junit.xml").iter("testcase")
        if any(item.attrib["name"] == "dag_run_id" for item in case.iter("property"))
    ]
    assert {"test_first", "test_second", "test_own", "test_other"} <= set(properties)


def test_runs_of_a_fixture_are_freed_with_it(kitchen: pytest.Pytester):
    """The values are freed at the teardown of the fixture."""
    kitchen.makepyfile(
        test_one="""
        import gc, weakref
        import pytest
        from dagflow import asset, materialize_to_memory

        class Large: ...

        kept = []

        @pytest.fixture(scope="class")
        def made():
            @asset
            def water():
                return Large()
            kept.append(weakref.ref(materialize_to_memory([water]).asset_value("water")))

        class TestOne:
            def test_makes(self, made):
                gc.collect()
                assert kept[0]() is not None

        class TestTwo:
            def test_after(self):
                gc.collect()
                assert kept[0]() is None
        """
    )

    kitchen.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=2)


def test_runs_of_setup_methods_are_shown(kitchen: pytest.Pytester):
    """`setUpClass`, `setup_class` and `setup_module` are named as in the code."""
    kitchen.makepyfile(
        """
        import unittest
        from dagflow import materialize_to_memory, asset

        @asset
        def seed(): ...

        def setup_module(module):
            materialize_to_memory([seed])

        class TestCase(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                materialize_to_memory([seed])

            def test_case(self):
                self.fail()

        class TestPlain:
            def setup_class(self):
                materialize_to_memory([seed])

            def test_plain(self):
                assert False

        def test_function():
            assert False
        """
    )

    result = kitchen.runpytest("-p", "no:randomly")

    shown = [line.partition(":")[0] for line in result.outlines if line.startswith("run of ")]
    assert shown == [f"run of assets in {name}" for name in ("setUpClass", "setup_class", "setup_module")]


@pytest.mark.parametrize("scope", ["none", "function", "session"])
def test_a_runtime_that_only_a_body_imports_is_watched(pytester: pytest.Pytester, scope: str):
    """The runs after an import in the body of a test or fixture are in the report of the failure."""
    run = """
            from dagflow import asset, materialize_to_memory

            @asset
            def water():
                raise ValueError("dry")

            assert materialize_to_memory([water], raise_on_error=False).success
    """
    fixture = f"@pytest.fixture(scope='{scope}')\n        def run():{run}\n        def test_it(run): pass"
    pytester.makepyfile(
        f"""
        import pytest
        {fixture if scope != "none" else f"def test_it():{run}"}
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:randomly")

    result.stdout.fnmatch_lines(["run of assets*: failed in *", "  water  failed in *: ValueError: dry"])
