"""Tests of `--dag-runtime`. Most use a small package in place of Dagster, whose import takes seconds."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

from pytest_dagflow import runtime

STAND_IN = """
    from dagflow import *
    __version__ = "9.9"
    Real = object
"""
"""The package in place of Dagster: dagflow, and a name that dagflow does not have."""
PAGE = Path(__file__).parents[2] / "docs" / "existing-suites.md"
PLAIN = ("-p", "no:cacheprovider")


@pytest.fixture
def stand_in(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project in which a small package stands for the real Dagster."""
    pytester.mkpydir("dagster").joinpath("__init__.py").write_text(_dedented(STAND_IN), encoding="utf-8")
    return pytester


def _dedented(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


def report_of(pytester: pytest.Pytester, *arguments: str) -> tuple[pytest.RunResult, dict]:
    """Run a session in a process of its own, and return its result and JSON report."""
    result = pytester.runpytest_subprocess(*PLAIN, "--dag-runtime-report=json:report.json", *arguments)
    return result, json.loads(pytester.path.joinpath("report.json").read_text(encoding="utf-8"))


SUITE = """
    import pytest
    import dagster as dg
    from dagster import DagsterInstance, multiprocess_executor, reconstructable, load_from_defs_folder

    @dg.op(out=dg.Out(dagster_type=int))
    def one():
        return 1

    @dg.job(executor_def=multiprocess_executor)
    def shop():
        one()

    def test_processes(tmp_path):
        with DagsterInstance.local_temp(str(tmp_path)) as instance:
            result = dg.execute_job(reconstructable(shop), instance, raise_on_error=True)
            assert result.success

    def test_fixtures(build_input_context, dag_instance):
        context = build_input_context(dagster_type=dg.Int)
        assert context.dagster_type and type(dag_instance) is DagsterInstance

    def test_absent():
        with pytest.raises(Exception, match="load_from_defs_folder"):
            load_from_defs_folder()
"""


def test_a_suite_for_dagster_runs_on_dagflow(pytester: pytest.Pytester):
    """Only the flag is new: also conftest files, workers of xdist, and steps in processes use dagflow.

    The report names what the tests used and dagflow does not have.
    """
    pytester.makeconftest("import dagster\nassert dagster.DagsterInstance.__module__.startswith('dagflow')")
    pytester.makepyfile(test_shop=SUITE)

    result, report = report_of(pytester, "--dag-runtime=dagflow", "--dag-runtime-report=term", "-n2")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["dag-runtime: dagflow *", "  dagster.load_from_defs_folder  used      test_shop.py:24"]
    )
    assert list(report["runtimes"]) == ["dagflow"]
    assert report["runtimes"]["dagflow"]["counts"]["passed"] == 3
    assert [one["name"] for one in report["touched"]] == ["dagster.load_from_defs_folder"]


DIFFERING = """
    import dagster as dg
    import pytest

    ON_DAGSTER = dg.__version__ == "9.9"

    def test_same():
        assert dg.materialize_to_memory([dg.asset(name="a")(lambda: 1)]).asset_value("a") == 1

    def test_only_dagster_fails():
        assert not ON_DAGSTER, "it is the other one"

    def test_only_dagster_has_it():
        dg.Real

    def test_skipped():
        if ON_DAGSTER:
            pytest.skip("not there")

    @pytest.fixture
    def broken():
        assert ON_DAGSTER
        yield

    def test_setup(broken):
        pass

    @pytest.mark.parametrize("value", [1, "there" if ON_DAGSTER else "here"])
    def test_ids(value):
        pass

    @pytest.mark.xfail(strict=True)
    def test_xfail():
        assert False

    def test_fixture(dag_events):
        pass
"""


def test_both(stand_in: pytest.Pytester):
    """One session runs both, and reports the tests that differ, those of one runtime only, and the times."""
    stand_in.makepyfile(test_shop=DIFFERING)

    reports = ("--junitxml=junit.xml", "--dag-html=page.html")
    result, report = report_of(stand_in, "--dag-runtime=both", "-n2", *reports, "-k", "test_")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines_random(
        [
            "dag-runtime: dagflow *, and then dagster",
            "dagster: the same tests",
            "test_shop.py::test_only_dagster_fails",
            "  dagflow  passed",
            "  dagster  failed   AssertionError: it is the other one",
            "  dagster  skipped  Skipped: not there",
            "  dagflow  error    assert False",
            "  dagster  error    Failed: fixture 'dag_events' needs the runtime dagflow, *",
            "1 test only on dagflow; dagster has no such id:",
            "  test_shop.py::test_ids?here?",
            "1 test only on dagster; dagflow has no such id:",
            "  test_shop.py::test_ids?there?",
            " * dagflow *  dagster 9.9",
            "passed  * 6  * 5",
            "passed on both  * s  * s  * x",
            "session  * s  * s  * x",
            "8 tests ran on both: 3 the same, 5 differ",
        ]
    )
    assert all(len(line) <= 80 for line in _section(result.outlines, "dag-runtime"))
    tests = {one["id"].partition("::")[2]: one for one in report["tests"]}
    assert tests["test_only_dagster_fails"]["dagster"]["place"] == "test_shop.py:10"
    assert tests["test_xfail"]["dagster"]["result"] == "xfailed"
    assert tests["test_ids[here]"]["dagster"] is None
    assert report["passed_on_both"]["tests"] == 2
    assert len(report["differences"]) == 7
    assert "test_only_dagster_fails" in (stand_in.path / "junit.xml").read_text(encoding="utf-8")
    assert 'failures="1"' in (stand_in.path / "junit.xml").read_text(encoding="utf-8")
    assert "it is the other one" not in (stand_in.path / "page.html").read_text(encoding="utf-8")


def _section(lines: list[str], title: str) -> list[str]:
    start = next(index for index, line in enumerate(lines) if line.startswith("=") and title in line)
    end = next(index for index, line in enumerate(lines) if index > start and line.startswith("="))
    return lines[start:end]


def test_a_failure_on_dagster_only_fails_the_session(stand_in: pytest.Pytester):
    """The tests pass on dagflow. `-v` shows the whole error of the other runtime."""
    stand_in.makepyfile(test_shop=DIFFERING)

    result = stand_in.runpytest_subprocess(
        *PLAIN, "--dag-runtime=both", "-v", "test_shop.py::test_same", "test_shop.py::test_only_dagster_fails"
    )

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(['>*assert not ON_DAGSTER, "it is the other one"', "*2 passed in *"])


def test_a_difference_that_is_no_failure_does_not_fail(stand_in: pytest.Pytester):
    """A test that passes on one runtime and is skipped on the other is shown."""
    stand_in.makepyfile(test_shop=DIFFERING)

    result = stand_in.runpytest_subprocess(*PLAIN, "--dag-runtime=both", "-k", "skipped or same")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["  dagster  skipped *", "2 tests ran on both: 1 the same, 1 differ"])


def test_an_error_of_the_collection_on_one_runtime(stand_in: pytest.Pytester):
    """It is one difference, and the other tests of the file are counted."""
    stand_in.makepyfile(
        test_a="from dagster import Real\ndef test_one(): ...\ndef test_two(): ...",
        test_b="def test_fails(): assert False\ndef test_last(): ...",
    )

    arguments = ("--dag-runtime=both", "--continue-on-collection-errors", "--maxfail=2")
    result, report = report_of(stand_in, *arguments)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "test_a.py",
            "  dagflow  not collected  ImportError: cannot import name 'Real' from 'dagst...",
            "  dagster  collected",
            "1 file could be collected on one runtime only",
            "3 tests ran on one runtime only",
            "the session on dagflow did not run all tests: stopping after 2 failures",
        ]
    )
    assert report["collection_errors"][0]["dagster"] is None


def test_a_second_session_that_ends_early(stand_in: pytest.Pytester):
    """The report has the last lines of its output, and the session fails."""
    stand_in.makepyfile("import dagster, os\ndef test_it():\n    if hasattr(dagster, 'Real'): os._exit(7)")

    result = stand_in.runpytest_subprocess(*PLAIN, "--dag-runtime=both")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "The session on dagster ended by an error. Its last lines:",
            "  test_a_second_session_that_ends_early.py*",
            "1 test ran on one runtime only",
            "the session on dagster did not run all tests: its process ended with status 7",
        ]
    )


WAITING = """
    import dagster, os, pathlib, threading

    def test_it():
        if hasattr(dagster, "Real"):
            pathlib.Path(f"{os.getpid()}.pid").touch()
            threading.Event().wait(60)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this platform has no process groups")
def test_a_ctrl_c_ends_both_processes(stand_in: pytest.Pytester):
    """The outcomes so far are printed, and no process and no folder is left."""
    stand_in.makepyfile(WAITING)
    temporary = stand_in.mkdir("temporary")
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *PLAIN, "--dag-runtime=both"],
        cwd=stand_in.path,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        while not (found := list(stand_in.path.glob("*.pid"))):
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "the session on dagster did not run all tests: it was interrupted" in output
    with pytest.raises(ProcessLookupError):
        os.kill(int(found[0].stem), 0)
    assert not [path for path in temporary.iterdir() if path.name.startswith("dag-runtime-")]


def test_the_real_one_is_imported_before(stand_in: pytest.Pytester):
    """A plugin that imports it first is refused, with the modules by which it was imported."""
    stand_in.makepyfile(early_plugin="import shop_models", shop_models="import dagster", test_it="")

    result = stand_in.runpytest_subprocess(*PLAIN, "-p", "early_plugin", "--dag-runtime=dagflow")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --dag-runtime=dagflow: *imported the real 'dagster'*early_plugin > shop_models > dagster.*"]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dag-runtime=prefect"], "--dag-runtime: 'prefect' is unknown. Write --dag-runtime=dagflow or *"),
        (["-o", "dag_runtime=x"], "ini key 'dag_runtime': 'x' is unknown. Write --dag-runtime=dagflow or *"),
        (
            ["--dag-runtime-report=term"],
            "--dag-runtime-report reports a suite for Dagster*add --dag-runtime=*",
        ),
        (["--dag-runtime=both"], "--dag-runtime=both needs the package 'dagster'*pip install dagster"),
        (["--dag-runtime=dagster"], "--dag-runtime=dagster needs the package 'dagster'*pip install dagster"),
    ],
)
def test_usage_errors(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
):
    """A wrong value, and a runtime that is not installed, end the session before it starts."""
    monkeypatch.setattr(runtime, "PathFinder", type("Nothing", (PathFinder,), {"find_spec": _nothing}))

    result = pytester.runpytest_inprocess(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def _nothing(name: str) -> None:
    return None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dag-runtime=both", "--dag-smoke"], "--dag-smoke needs the graph and the runs of dagflow*"),
        (["--dag-runtime=both", "--dag-select=a"], "--dag-select, --dag-exclude, *has no effect on Dagster*"),
        (["--dag-runtime=dagster", "--dag-cov"], "--dag-cov needs the graph*Leave it out, or write --dag-*"),
        (["--dag-runtime=dagflow", "--dag-runtime-report=html"], "*'html' is unknown. Write *json:PATH."),
        (
            ["--dag-runtime=dagflow", "--dag-runtime-report=json:."],
            "*is a folder, and the report is one file*",
        ),
    ],
)
def test_options_that_need_dagflow(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
):
    """An option that cannot have an effect is refused, and so is an unknown form of the report."""
    for name in ("_install_dagflow", "_import_dagster"):  # they change the whole process
        monkeypatch.setattr(runtime, name, lambda *_: None)

    result = pytester.runpytest_inprocess(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


ON_BOTH = """
    import dagster as dg
    import pytest

    DAYS = dg.DailyPartitionsDefinition("2024-02-27", end_date="2024-03-03")
    CITIES = dg.DynamicPartitionsDefinition(name="cities")

    class Table(dg.ConfigurableResource):
        rows: int = 3

    @dg.asset(partitions_def=DAYS)
    def day(context):
        return context.partition_key

    @dg.op(required_resource_keys={"table"})
    def count(context):
        return context.resources.table.rows

    @dg.job(resource_defs={"table": Table()})
    def shop():
        count()

    @pytest.fixture
    def dag_resources():
        return {"table": Table(rows=7)}

    @pytest.mark.dag_partitions(day, boundaries=True)
    def test_partitions(partition_key, materialize_to_memory):
        result = materialize_to_memory([day], partition_key=partition_key)

        assert result.asset_value("day") == partition_key

    BOTH = dg.MultiPartitionsDefinition({"d": DAYS, "c": CITIES})

    @pytest.mark.dag_partitions(BOTH, dynamic=["x", "y"], last=1)
    def test_dynamic(partition_key, dag_instance):
        assert partition_key.keys_by_dimension == {"c": "y", "d": "2024-03-02"}
        assert list(dag_instance.get_dynamic_partitions("cities")) == ["x", "y"]

    def test_contexts(build_op_context, build_asset_context, build_asset_check_context, build_sensor_context,
                      build_input_context, build_init_resource_context, build_schedule_context, dag_instance):
        context = build_op_context()

        assert count(context) == 7
        assert context.instance is dag_instance
        assert type(dag_instance) is dg.DagsterInstance
        assert build_input_context(name="i").name == "i"
        assert build_sensor_context() and build_schedule_context()
        assert build_asset_context() and build_asset_check_context() and build_init_resource_context()

    def test_runs(materialize, execute_in_process, dag_definitions, dag_instance, session_dag_instance):
        run = execute_in_process("shop")

        assert run.output_for_node("count") == 3 or run.output_for_node("count") == 7
        assert materialize([day], partition_key="2024-03-01").success
        assert dag_instance.get_runs_count() == 2
        assert not session_dag_instance.get_runs_count()

    def test_of_a_run(execute_in_process, build_run_status_sensor_context, dag_instance):
        run = execute_in_process(shop)
        event, found = run.all_events[-1], run.dagster_run
        context = build_run_status_sensor_context(sensor_name="s", dagster_event=event, dagster_run=found)

        assert context.instance is dag_instance

    @pytest.mark.dag_executors("in_process")
    def test_executors():
        pass

    def test_clock(dag_clock):
        pass

    def test_clock_and_stub(dag_clock, dag_stub):
        pass

    definitions = dg.Definitions(assets=[day], jobs=[shop])
"""


def test_the_fixtures_on_the_real_dagster(pytester: pytest.Pytester):
    """The fixtures that both runtimes have bind the functions of each. The others fail the tests that ask."""
    pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")
    pytester.makepyfile(test_shop=ON_BOTH)
    pytester.makeini("[pytest]\ndag_definitions = test_shop:definitions\ndag_runtime = both\npythonpath = .")

    result, report = report_of(pytester)

    results = {one["id"].partition("::")[2]: one["dagster"] for one in report["tests"]}
    failing = {name: one["error"] for name, one in results.items() if one["result"] != "passed"}
    clocks = ["test_clock", "test_clock_and_stub"]
    assert list(failing) == ["test_executors[in_process]", *clocks], result.stdout.str()
    assert "marker dag_executors needs the runtime dagflow" in failing["test_executors[in_process]"]
    for name in clocks:
        assert "fixture 'dag_clock' needs the runtime dagflow, because it sets the time" in failing[name]
    assert report["runtimes"]["dagflow"]["counts"]["passed"] == len(report["tests"])
    assert report["runtimes"]["dagster"]["version"] != report["runtimes"]["dagflow"]["version"]


def test_the_page_is_true(pytester: pytest.Pytester):
    """The session on the page about existing suites prints these lines, apart from versions and times."""
    pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")
    page = PAGE.read_text(encoding="utf-8")
    files = dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", page, re.M | re.S))
    pytester.makepyfile(**{name: code for name, code in files.items() if name != "conftest"})
    (session,) = re.findall(r"^\$ pytest (--dag-runtime=both .*)\n((?:.*\n)+?)```$", page, re.M)

    result = pytester.runpytest_subprocess(*PLAIN, *shlex.split(session[0]))

    expected = re.sub(r" *\d+(\.\d+)+| +\d+ x", "*", session[1]).splitlines()
    result.stdout.fnmatch_lines([line for line in expected if line])
