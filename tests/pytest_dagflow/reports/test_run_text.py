"""Tests of the text about one run: steps, errors, metadata, earlier attempts, inputs, log and events."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import pytest

Section = Callable[[pytest.RunResult], list[str]]


def test_a_large_run_is_shown_in_part(pytester: pytest.Pytester, section: Section):
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


def test_mapped_steps_are_shown_where_their_node_is(pytester: pytest.Pytester):
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


def test_a_value_that_cannot_be_shown_has_a_placeholder(kitchen: pytest.Pytester):
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


def test_the_error_of_a_hook_is_shown(kitchen: pytest.Pytester):
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


def test_the_last_events_are_shown_with_v(kitchen: pytest.Pytester, section: Section):
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
        raise Failure("quota is used up", metadata={"url": url, "calls": 17, "note": "a\\n\\nb" + "\\n" * 20})

    @job
    def ingest():
        call(start())

    @asset(key_prefix="raw")
    def rows(context):
        context.log.warning("no rows")
        return []
"""


@pytest.mark.parametrize("arguments", ["", "raise_on_error=False"])
def test_a_failure_is_shown_with_its_metadata_attempts_and_log(
    pytester: pytest.Pytester, arguments: str, section: Section
):
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
        "",
        "         b",
        *[""] * 7,
        "         ...",
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


def test_the_traceback_is_shown_if_nothing_else_shows_it(pytester: pytest.Pytester, section: Section):
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


def test_a_long_error_is_below_its_step(pytester: pytest.Pytester, section: Section, monkeypatch) -> None:
    """A line that does not fit the terminal is folded between words, and no line of the run is wider."""
    monkeypatch.setenv("COLUMNS", "80")
    pytester.makepyfile(
        """
        from dagflow import graph, job, op

        @op
        def transform_the_rows_of_the_service(context):
            context.log.warning("the rows of the service are odd, and nobody knows the reason")
            raise ValueError("the rows of the service have a column that nobody has ever seen before")

        @graph
        def outer():
            transform_the_rows_of_the_service()

        @job
        def nightly():
            outer()

        def test_it():
            nightly.execute_in_process()
        """
    )

    result = pytester.runpytest(*(["-n1"] if find_spec("xdist") else []))  # a worker has no terminal

    lines = section(result)
    result.stdout.fnmatch_lines(
        [
            "  outer",
            "    transform_the_rows_of_the_service  failed in * ms",
            "        ValueError: the rows of the service have a column that nobody has ever",
            "        seen before",
            "  +0.* s  WARNING  outer.transform_the_rows_of_the_service",
            "      the rows of the service are odd, and nobody knows the reason",
        ],
    )
    assert max(len(line) for line in lines if not line.startswith(("write ", "tests "))) <= 80
