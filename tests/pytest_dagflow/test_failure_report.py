"""Tests of the report of a failed test about its runs: the section, the frames and the JUnit properties."""

from __future__ import annotations

import shlex
from xml.etree import ElementTree

import pytest

KITCHEN = """
    from dagflow import Out, Output, RetryPolicy, StaticPartitionsDefinition, asset, graph, job, op, resource

    @op
    def grind():
        return "beans" * 100

    def taste(cup):
        raise ValueError("burnt")

    @op
    def brew(beans, cups=2):
        taste(beans)

    @op(out={"milk": Out(), "sugar": Out(is_required=False)})
    def fetch():
        yield Output(1, "milk")

    @op(retry_policy=RetryPolicy(max_retries=2, delay=60))
    def heat(context, milk):
        if context.retry_number < 2:
            raise OSError("cold")
        return milk

    @op
    def stir(sugar):
        return sugar

    @graph
    def milk_bar():
        milk, sugar = fetch()
        heat(milk)
        stir(sugar)

    @op
    def serve(cup):
        return cup

    @job
    def breakfast():
        milk_bar()
        serve(brew(grind()))

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]), key_prefix="cafe")
    def water(context):
        return 1 / 0

    @resource
    def pump(_):
        raise OSError("dry")
"""


@pytest.fixture
def kitchen(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a job with every outcome of a step, and an asset that fails."""
    pytester.makepyfile(kitchen=KITCHEN)
    return pytester


def section(result: pytest.RunResult) -> list[str]:
    """Return the lines of the only section about dagflow."""
    lines = result.outlines
    titles = ("- dagflow -", "- dagflow: ")
    (start,) = (number for number, line in enumerate(lines) if any(title in line for title in titles))
    end = next(number for number in range(start + 1, len(lines)) if lines[number].startswith(("---", "===")))
    return lines[start + 1 : end]


def test_the_section_tells_the_run_as_a_tree(kitchen: pytest.Pytester):
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
            "run it again:  pytest test_the_section_tells_the_run_as_a_tree.py::test_breakfast",
            "tests of the failed nodes:  pytest --dag-select brew",
        ]
    )
    assert max(map(len, lines)) < 220


def test_the_commands_work(kitchen: pytest.Pytester):
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
    commands = [shlex.split(line.partition(":  pytest ")[2]) for line in section(result)[-2:]]

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


def test_a_test_that_passed_or_ran_nothing_has_no_section(kitchen: pytest.Pytester):
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


def test_of_several_runs_the_failed_and_the_last_are_shown(kitchen: pytest.Pytester):
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


def test_a_resource_that_could_not_be_started_is_shown_too(kitchen: pytest.Pytester):
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


def test_a_large_run_is_shown_in_part(pytester: pytest.Pytester):
    """Failed and skipped steps and their neighbours are shown; the remaining steps are counted."""
    pytester.makepyfile(
        """
        from dagflow import job, op

        @op
        def one(x=0):
            return x

        @op
        def fail(x):
            raise ValueError

        @job
        def large():
            x = one()
            for number in range(200):
                x = one.alias(f"n{number}")(x)
            one.alias("end")(fail(x))

        def test_large():
            large.execute_in_process()
        """
    )

    result = pytester.runpytest()

    lines = section(result)
    assert len(lines) < 70
    assert [line for line in lines if line.startswith("  fail ") and line.endswith(": ValueError")]
    result.stdout.fnmatch_lines(
        ["  n199  succeeded in *", "  fail *", "  end   not run", "  ... and 173 succeeded"]
    )


def test_mapped_steps_stand_where_their_node_stands(pytester: pytest.Pytester):
    """Each mapped step is shown with its key, before the step that collects them."""
    pytester.makepyfile(
        """
        from dagflow import DynamicOut, DynamicOutput, job, op

        @op(out=DynamicOut())
        def many():
            for key in "ab":
                yield DynamicOutput(key, mapping_key=key)

        @op
        def work(item):
            assert item == "a"

        @op
        def total(items):
            return items

        @job
        def j():
            total(many().map(work).collect())

        def test_j():
            j.execute_in_process()
        """
    )

    result = pytester.runpytest()

    result.stdout.fnmatch_lines(
        [
            "  many     succeeded in * ms",
            "  work?a?  succeeded in * ms",
            "  work?b?  failed in * ms: AssertionError*",
            "  total    not run",
            "",
            "inputs of 'work?b?':",
            "  item = 'b'",
            "tests of the failed nodes:  pytest --dag-select work",
        ]
    )


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


def test_junit_learns_nodes_partition_and_run(kitchen: pytest.Pytester):
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


def test_a_runtime_that_a_fixture_loads_first_is_watched(pytester: pytest.Pytester):
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


def test_runs_are_let_go_when_the_test_ends(kitchen: pytest.Pytester):
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


def test_a_value_that_cannot_be_shown_disturbs_nobody(kitchen: pytest.Pytester):
    """An input whose `repr` raises is shown with a placeholder."""
    kitchen.makepyfile(
        """
        from dagflow import asset

        class Odd:
            def __repr__(self):
                raise RuntimeError("shy")

        @asset
        def water():
            return Odd()

        @asset
        def tea(water):
            raise ValueError("cold")

        def test_tea(materialize_to_memory):
            materialize_to_memory([water, tea])
        """
    )

    result = kitchen.runpytest()

    result.stdout.fnmatch_lines(["inputs of 'tea':", "  water = <Odd instance at *>"])


def test_what_a_hook_raised_is_shown(kitchen: pytest.Pytester):
    """The run does not fail by it, but the test may."""
    kitchen.makepyfile(
        """
        from dagflow import job, op, success_hook

        @success_hook
        def cheer(context):
            raise KeyError("no voice")

        @op
        def brew():
            return 1

        @job(hooks={cheer})
        def breakfast():
            brew()

        def test_breakfast():
            assert not breakfast.execute_in_process().success
        """
    )

    result = kitchen.runpytest()

    result.stdout.fnmatch_lines(
        ["run of 'breakfast': succeeded in *", "errors of hooks:", "  brew: KeyError: 'no voice'"]
    )


def test_the_last_events_are_shown_with_v(kitchen: pytest.Pytester):
    """`-v` adds the events before the failure, and the last one."""
    kitchen.makepyfile(
        """
        from kitchen import breakfast

        def test_breakfast(dag_clock):
            assert breakfast.execute_in_process(raise_on_error=False).success
        """
    )

    assert "last events:" not in section(kitchen.runpytest())
    kitchen.runpytest("-v").stdout.fnmatch_lines([
        "last events:",
        "  +*.* s  STEP_FAILURE * brew * failed.",
        "  ...",
        "  +120.000 s  RUN_FAILURE *",
    ])  # fmt: skip


API = """
    from dagflow import DagflowError, Failure, MetadataValue, RetryPolicy, asset, job, op

    @op
    def start(context):
        context.log.debug("reading %d rows", 7)
        for number in range(20):
            context.log.info(f"row {number}")
        return 1

    @op(retry_policy=RetryPolicy(max_retries=3))
    def call(context, n):
        context.log.info("attempt\\nof many")
        if context.retry_number < 2:
            raise ConnectionError("reset")
        if context.retry_number == 2:
            raise TimeoutError("no answer")
        url = MetadataValue.url("https://api/x")
        raise Failure("quota is used up", metadata={"url": url, "calls": 17, "note": "a\\nb"})

    @job
    def ingest():
        call(start())

    @asset(key_prefix="raw")
    def rows(context):
        context.log.warning("no rows")
        return []
"""


@pytest.mark.parametrize("arguments", ["", "raise_on_error=False"])
def test_a_failure_is_shown_with_its_metadata_attempts_and_log(pytester: pytest.Pytester, arguments: str):
    """Metadata of the Failure, errors of earlier attempts, and log lines of all levels are shown."""
    pytester.makepyfile(
        api=API,
        test_api=f"""
            from api import ingest
            from pytest_dagflow import assert_succeeded

            def test_ingest(dag_clock):
                assert_succeeded(ingest.execute_in_process({arguments}))
        """,
    )

    result = pytester.runpytest()

    lines = section(result)
    result.stdout.fnmatch_lines([
        "  start  succeeded in *",
        "  call   failed in *, retried 3 times: Failure: quota is used up",
        "",
        "metadata of the failure of 'call':",
        "  url    https://api/x",
        "  calls  17",
        "  note   a",
        "         b",
        "",
        "earlier attempts:",
        "  call 1, 2: ConnectionError: reset (api.py:*)",
        "  call 3: TimeoutError: no answer (api.py:*)",
        "",
        "log (the last 10 of 25):",
        "  +*.* s  INFO     start  row 14",
        "  +*.* s  INFO     call   attempt ...",
    ])  # fmt: skip
    assert "Traceback (most recent call last):" not in lines
    assert sum(line.endswith("  attempt ...") for line in lines) == 4


def test_the_traceback_stands_there_if_nothing_else_shows_it(pytester: pytest.Pytester):
    """A plain assertion about the result does not show it; assert_succeeded and pytest do."""
    pytester.makepyfile(
        api=API,
        test_api="""
            from api import ingest

            def test_ingest(dag_clock):
                assert ingest.execute_in_process(raise_on_error=False).success
        """,
    )

    result = pytester.runpytest()

    assert section(result).count("Traceback (most recent call last):") == 1
    result.stdout.fnmatch_lines(
        ["Traceback (most recent call last):", "  File *, in call", "*Failure: quota*"]
    )


def test_an_asset_is_called_by_its_key(pytester: pytest.Pytester):
    """The tree and the log name the key of an asset, not the name of its op."""
    pytester.makepyfile(
        api=API,
        test_api="""
            from api import rows
            from dagflow import materialize_to_memory

            def test_rows():
                assert materialize_to_memory([rows]).asset_value("raw/rows") == [1]
        """,
    )

    result = pytester.runpytest("--show-capture=no")

    result.stdout.fnmatch_lines(["  raw/rows  succeeded in *", "  +*.* s  WARNING  raw/rows  no rows"])


def test_a_log_of_another_process_is_shown(pytester: pytest.Pytester):
    """Lines and retries of steps in processes of their own are in the section too."""
    pytester.makepyfile(
        api=API,
        test_api="""
            from api import ingest
            from dagflow import execute_job, reconstructable
            from dagflow.testing import instance_for_test

            def test_ingest():
                config = {"execution": {"config": {"multiprocess": {}}}}
                with instance_for_test() as instance:
                    with execute_job(reconstructable(ingest), instance, run_config=config) as result:
                        assert result.success
        """,
    )

    result = pytester.runpytest_subprocess("--show-capture=no", "-p", "no:randomly")

    result.stdout.fnmatch_lines([
        "  call   failed in *, retried 3 times: Failure: quota is used up",
        "metadata of the failure of 'call':",
        "  call 3: TimeoutError: no answer (api.py:*)",
        "  +*.* s  INFO * call * attempt ...",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*Its process wrote*")


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


def test_runs_of_a_fixture_are_let_go_with_it(kitchen: pytest.Pytester):
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
