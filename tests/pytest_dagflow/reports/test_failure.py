"""Tests of the report of a failed test about its runs: the section, its commands, and the frames."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

Section = Callable[[pytest.RunResult], list[str]]


def test_the_section_shows_the_run_as_a_tree(kitchen: pytest.Pytester, section: Section):
    """The section has steps, traceback, earlier attempts, inputs of the failed step, and commands."""
    kitchen.makepyfile(
        """
        from kitchen import breakfast

        def test_breakfast(dag_clock):
            assert breakfast.execute_in_process(raise_on_error=False).success
        """
    )

    result = kitchen.runpytest("-p", "no:randomly")

    lines = section(result)
    assert [line.split(", in ")[1] for line in lines if ", in " in line and line.startswith("  File")] == [
        "brew",
        "taste",
    ]
    result.stdout.fnmatch_lines(
        [
            "run of 'breakfast': failed in 120.00 s, id *-*",
            "  grind    succeeded in * ms",
            "  milk_bar",
            "    fetch  succeeded in * ms",
            "    heat   succeeded in 120.00 s, retried 2 times",
            "    stir   skipped",
            "  brew     failed in * ms: ValueError: burnt",
            "  serve    not run",
            "",
            "Traceback (most recent call last):",
            "ValueError: burnt",
            "",
            "earlier attempts:",
            "  milk_bar.heat 1, 2: OSError: cold (kitchen.py:*)",
            "",
            "inputs of 'brew':",
            "  beans = 'beansbeans*...*beans'",
            "  cups = 2",
            "",
            "run it again:  pytest test_the_section_shows_the_run_as_a_tree.py::test_breakfast",
            "tests of the failed nodes:  pytest --dag-select brew",
        ]
    )
    assert max(map(len, lines)) < 220


def test_the_commands_work(kitchen: pytest.Pytester, section: Section):
    """The commands are quoted for a shell, and run the failed test and the linked tests."""
    kitchen.makepyfile(
        """
        import pytest
        from kitchen import breakfast, water

        @pytest.mark.dag_partitions(water)
        def test_water(partition_key, materialize_to_memory):
            materialize_to_memory([water], partition_key=partition_key)

        def test_other():
            pass
        """
    )
    result = kitchen.runpytest("test_the_commands_work.py::test_water[a]")
    commands = [shlex.split(line.partition(":  pytest ")[2]) for line in section(result)[-3::2]]

    assert [arguments[0].partition("::")[2] for arguments in commands] == ["test_water[a]", ""]
    kitchen.runpytest(*commands[0]).assert_outcomes(failed=1)
    assert commands[1] == ["--dag-select", "cafe/water"]
    kitchen.runpytest(*commands[1]).assert_outcomes(failed=2, deselected=1)


def test_the_test_is_named_as_seen_from_here(kitchen: pytest.Pytester):
    """The path is relative to the folder in which pytest was started."""
    kitchen.makepyfile(
        "def test_one(materialize_to_memory): assert materialize_to_memory([]).success is None"
    )
    kitchen.makeini("[pytest]\npythonpath = .\n")
    folder = kitchen.mkdir("inner")
    kitchen.chdir()

    import os

    os.chdir(folder)
    result = kitchen.runpytest("..")

    result.stdout.fnmatch_lines(
        ["run it again:  pytest ../test_the_test_is_named_as_seen_from_here.py::test_one"]
    )


def test_a_test_that_passed_or_ran_nothing_has_no_section(kitchen: pytest.Pytester, section: Section):
    """An expected failure has no section either."""
    kitchen.makepyfile(
        """
        import pytest
        from kitchen import breakfast, grind

        def test_passes():
            grind()

        def test_runs_nothing():
            assert False

        @pytest.mark.xfail
        def test_expected(execute_in_process, dag_clock):
            execute_in_process(breakfast)
        """
    )

    result = kitchen.runpytest("-rA")

    result.assert_outcomes(passed=1, failed=1, xfailed=1)
    result.stdout.no_fnmatch_line("*- dagflow*")


def test_a_resource_that_could_not_be_started_is_shown_too(kitchen: pytest.Pytester, section: Section):
    """A run of a fixture is shown too."""
    kitchen.makepyfile(
        """
        import pytest
        from dagflow import job, op
        from kitchen import pump

        @op(required_resource_keys={"pump"})
        def draw():
            pass

        @job(resource_defs={"pump": pump})
        def well():
            draw()

        @pytest.fixture
        def drawn(execute_in_process):
            return execute_in_process(well)

        def test_drawn(drawn):
            pass
        """
    )

    result = kitchen.runpytest()

    result.assert_outcomes(errors=1)
    lines = section(result)
    assert lines[0].startswith("run of 'well': failed in ")
    assert "  draw  not run" in lines
    assert "Traceback (most recent call last):" not in lines


def test_our_frames_are_left_out_of_the_traceback(kitchen: pytest.Pytester):
    """Frames of the test and the user's code remain; `--full-trace` shows all frames."""
    kitchen.makepyfile(
        """
        from kitchen import water

        def test_water(materialize_to_memory):
            materialize_to_memory([water], partition_key="a")

        def test_config(materialize_to_memory):
            materialize_to_memory([water], {"coffee": 1}, partition_key="a")
        """
    )

    short = kitchen.runpytest("--tb=short", "-p", "no:randomly")
    full = kitchen.runpytest("--full-trace", "--tb=short", "-p", "no:randomly")

    frames = [line.split(": in ")[1] for line in short.outlines if ": in " in line and ".py:" in line]
    assert frames == ["test_water", "water", "test_config"]
    assert any("runs/in_process.py" in line for line in full.outlines)


def test_a_mistake_of_dagflow_itself_is_not_hidden(kitchen: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """The frames of dagflow are shown for an error that dagflow raised by mistake."""
    import dagflow.runs.launch

    def broken(*_: object) -> None:
        raise TypeError("a mistake")

    monkeypatch.setattr(dagflow.runs.launch, "compile_plan", broken)
    monkeypatch.setitem(broken.__globals__, "__name__", "dagflow.broken")
    kitchen.makepyfile(
        """
        from kitchen import breakfast

        def test_breakfast():
            breakfast.execute_in_process()
        """
    )

    result = kitchen.runpytest("--tb=short")

    assert any("in launch" in line for line in result.outlines)


def test_it_works_under_xdist_and_without_a_cache(kitchen: pytest.Pytester):
    """Workers send the section with the report."""
    pytest.importorskip("xdist")
    kitchen.makepyfile(
        """
        import pytest
        from kitchen import water

        @pytest.mark.parametrize("key", ["a", "b"])
        def test_water(materialize, key):
            materialize([water], partition_key=key)
        """
    )

    result = kitchen.runpytest_subprocess(
        "-n", "2", "-p", "no:cacheprovider", "--strict-markers", "--junitxml=junit.xml"
    )

    result.assert_outcomes(failed=2)
    assert sum(line.startswith("run of assets: failed") for line in result.outlines) == 2
    assert "dag_run_id" in (kitchen.path / "junit.xml").read_text()


@pytest.mark.parametrize("style", ["native", "short", "line", "no", "auto"])
def test_each_style_of_traceback_works(kitchen: pytest.Pytester, style: str):
    """The section is shown in each style that shows failures, with and without captured output."""
    kitchen.makepyfile(
        """
        from kitchen import water

        def test_water(materialize_to_memory):
            materialize_to_memory([water], partition_key="a")
        """
    )

    result = kitchen.runpytest(f"--tb={style}", "--show-capture=no")

    result.assert_outcomes(failed=1)
    shown = any(line.startswith("run of assets: failed") for line in result.outlines)
    assert shown == (style not in ("line", "no"))


def test_a_mistake_in_an_assertion_has_one_frame(kitchen: pytest.Pytester):
    """A misspelt event is an error at the line of the test, without frames of the plugin."""
    kitchen.makepyfile(
        """
        from kitchen import breakfast
        from pytest_dagflow import assert_event_sequence, assert_output

        def test_event():
            assert_event_sequence([], ["STEP_SUCESS"])

        def test_key(dag_clock):
            result = breakfast.execute_in_process(raise_on_error=False)
            assert_output(result, "grind", [{"a": 1}], keys="a")
        """
    )

    result = kitchen.runpytest("--tb=short", "-p", "no:randomly")

    frames = [line.split(": in ")[1] for line in result.outlines if ": in " in line and ".py:" in line]
    assert frames == ["test_event", "test_key"]


def test_a_text_that_no_terminal_can_show(pytester: pytest.Pytester):
    """A lone surrogate is an escape, and the section keeps its lines."""
    pytester.makepyfile(
        """
        from dagflow import asset

        @asset
        def orders():
            raise ValueError("a" + chr(0xD800))

        def test_orders(materialize_to_memory):
            assert materialize_to_memory([orders], raise_on_error=False).success
        """
    )

    result = pytester.runpytest_subprocess()

    result.stdout.fnmatch_lines(["  orders  failed in * ms: ValueError: a?ud800", "run it again:  pytest *"])
