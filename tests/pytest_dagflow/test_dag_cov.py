"""Tests of `--dag-cov`: the coverage of the graph that the tests of a session exercise."""

from __future__ import annotations

import re

import pytest

SHOP = """
    from dagflow import (
        AssetCheckResult, Definitions, Out, Output, RetryPolicy, ScheduleDefinition, asset, asset_check, job,
        op,
    )

    @asset
    def water():
        return 1

    @asset
    def tea(water):
        return water + 1

    @asset_check(asset=tea)
    def hot(tea):
        return AssetCheckResult(passed=tea > 1)

    @op(out={"milk": Out(is_required=False)}, retry_policy=RetryPolicy(max_retries=1))
    def buy():
        yield Output(1, "milk")

    @op
    def pour(milk):
        return milk

    @job
    def morning():
        pour(buy())

    @asset
    def legacy():  # dag: no cover
        return 1

    daily = ScheduleDefinition("daily", cron_schedule="@daily", job=morning)
    defs = Definitions([water, tea, legacy], asset_checks=[hot], jobs=[morning], schedules=[daily])
"""
TESTS = """
    from dagflow import materialize_to_memory
    from dagflow.testing import run_options
    import shop

    def test_water():
        materialize_to_memory([shop.water, shop.tea], selection=[shop.water])

    def test_stubbed():
        with run_options(given={"water": 5}):
            materialize_to_memory([shop.water, shop.tea, shop.hot])
"""


@pytest.fixture
def shop(pytester: pytest.Pytester) -> pytest.Pytester:
    """Write a project and two tests of it."""
    pytester.makepyfile(shop=SHOP, test_shop=TESTS)
    pytester.makeini("[pytest]\ndag_definitions = shop:defs\npythonpath = .")
    return pytester


def counts_in(output: str) -> dict[str, str]:
    """Return the counts of the report by denominator: {"nodes": "2/4"}."""
    found = re.findall(r"^(\w+) +(\d+) of +(\d+) +[\d.]+ %$", output, re.M)
    return {name: f"{covered}/{total}" for name, covered, total in found}


COUNTS = {
    "nodes": "2/4",
    "outputs": "2/3",
    "branches": "0/2",
    "edges": "1/3",
    "checks": "1/2",
    "retries": "0/2",
    "failures": "0/4",
    "schedules": "0/1",
    "total": "6/21",
}


def test_the_report(shop: pytest.Pytester) -> None:
    """The report has the counts and what is missed, with file and line, in 80 columns and without color."""
    result = shop.runpytest("--dag-cov", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=2)
    assert counts_in(str(result.stdout)) == COUNTS
    report = str(result.stdout).partition("dag coverage")[2]
    assert max(map(len, report.splitlines()[1:-1])) <= 80
    assert "\x1b" not in report
    result.stdout.fnmatch_lines(
        [
            "never ran (3)",
            "  shop.py:19  op morning:buy",
            "  shop.py:23  op morning:pour",
            "  shop.py:34  schedule daily",
            "",
            "edges that were never passed (1)",
            "  shop.py:11  asset tea: from asset water",
            "",
            "results of checks that never occurred (1)",
            "  shop.py:15  check tea:hot: does not pass",
            "",
            "nodes that never failed (2)",
            "  shop.py:7   asset water",
            "  shop.py:11  asset tea",
            "",
            "left out by '# dag: no cover': 1 node",
        ],
        consecutive=True,
    )


def test_the_report_in_color(shop: pytest.Pytester) -> None:
    """A share is green, yellow or red, and the text is the same."""
    plain = shop.runpytest("--dag-cov").stdout.str()
    colored = shop.runpytest("--dag-cov", "--color=yes").stdout.str()

    assert "\x1b[1m\x1b[31m 28.5 %\x1b[0m" in colored
    assert counts_in(re.sub(r"\x1b\[\d+m", "", colored)) == counts_in(plain)


def test_workers_are_merged(shop: pytest.Pytester) -> None:
    """Under xdist the report is that of all workers."""
    pytest.importorskip("xdist")

    result = shop.runpytest_subprocess("--dag-cov", "-n", "2", "-p", "no:randomly")

    assert result.ret == 0
    assert counts_in(str(result.stdout)) == COUNTS


def test_the_graph_of_the_test_modules(pytester: pytest.Pytester) -> None:
    """Without dag_definitions the graph is that of the definitions that the test modules name."""
    pytester.makepyfile(shop=SHOP.partition("    daily =")[0])
    pytester.makepyfile(
        """
        from dagflow import materialize_to_memory
        from shop import tea, water

        def test_tea():
            materialize_to_memory([water, tea])
        """
    )
    pytester.makeini("[pytest]\npythonpath = .")

    result = pytester.runpytest("--dag-cov")

    assert counts_in(str(result.stdout))["nodes"] == "2/2"
    assert counts_in(str(result.stdout))["edges"] == "1/1"


def test_a_selection_keeps_the_whole_graph(shop: pytest.Pytester) -> None:
    """The nodes of tests that did not run are missed, not left out."""
    result = shop.runpytest("--dag-cov", "-k", "nothing")

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert counts_in(str(result.stdout))["total"] == "0/21"


def test_untested_nodes_can_be_selected(shop: pytest.Pytester) -> None:
    """`untested()` selects the nodes that no test touches, and names the option without it."""
    result = shop.runpytest("--dag-cov", "--dag-select", "untested()")
    result.stdout.fnmatch_lines(["*dag-select: no test touches*"])

    refused = shop.runpytest("--dag-select", "untested()")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*add --dag-explain or --dag-cov*"])


def test_a_tick_and_the_run_of_a_fixture_count(shop: pytest.Pytester) -> None:
    """An evaluated tick counts, and a run in a fixture of the session."""
    shop.makepyfile(
        test_more="""
        import pytest
        from dagflow import build_schedule_context
        import shop

        @pytest.fixture(scope="session")
        def ran():
            return shop.morning.execute_in_process()

        def test_tick(ran):
            assert shop.daily.evaluate_tick(build_schedule_context()).run_requests
        """
    )

    found = counts_in(str(shop.runpytest("--dag-cov").stdout))

    assert (found["schedules"], found["nodes"], found["branches"]) == ("1/1", "4/4", "1/2")


def test_a_session_without_definitions(pytester: pytest.Pytester) -> None:
    """The report says that it found no definitions, and what to do."""
    pytester.makepyfile("def test_plain(): pass")

    result = pytester.runpytest("--dag-cov", "--dag-cov-report=term", "--dag-cov-report=markdown")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["no definitions found: set ini key dag_definitions*"])
    summary = (pytester.path / "dag-coverage.md").read_text(encoding="utf-8")
    assert summary.startswith("## Graph coverage: unknown\n")


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_definitions_that_do_not_load(pytester: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    """The error of the project ends the session, also from a worker of xdist."""
    if arguments:
        pytest.importorskip("xdist")
    pytester.makepyfile("import dagflow\ndef test_plain(): pass")
    pytester.makeini("[pytest]\ndag_definitions = absent:defs")

    result = pytester.runpytest_subprocess("--dag-cov", *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "cannot load 'absent:defs'" in f"{result.stdout}{result.stderr}"


def test_an_import_error_comes_first(pytester: pytest.Pytester) -> None:
    """A module that cannot be imported is reported, not the definitions that it lacks."""
    pytester.makepyfile("import dagflow, absent_module")
    pytester.makeini("[pytest]\ndag_definitions = absent_module:defs")

    result = pytester.runpytest("--dag-cov")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "*ModuleNotFoundError: No module named 'absent_module'",
            "no coverage: *cannot load 'absent_module:defs'*",
        ]
    )


@pytest.mark.parametrize("option", ["report=term", "fail-under=80", "base=x.json", "fail-new", "from=x.json"])
def test_the_other_options_need_it(pytester: pytest.Pytester, option: str) -> None:
    """An option of the coverage without `--dag-cov` is an error, and not ignored."""
    result = pytester.runpytest(f"--dag-cov-{option}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"*--dag-cov-{option.partition('=')[0]} has no effect without --dag-cov. Add*"]
    )


def test_the_last_value_of_a_doctest_is_no_part_of_the_graph(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python keeps that value as `builtins._`, which each module has in its globals."""
    from dagflow import ScheduleDefinition

    shown = ScheduleDefinition("shown", cron_schedule="@daily", job_name="brew")
    monkeypatch.setattr("builtins._", shown, raising=False)
    pytester.makepyfile(
        """
        from dagflow import asset, materialize_to_memory

        @asset
        def water(): return 1

        def test_it(): assert materialize_to_memory([water]).success
        """
    )

    result = pytester.runpytest("--dag-cov")

    result.assert_outcomes(passed=1)
    assert "schedule" not in str(result.stdout)
