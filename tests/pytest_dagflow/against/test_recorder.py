"""The recorder of one side, in sessions of pytest."""

from __future__ import annotations

import sys

import pytest

from pytest_dagflow.against.reading import read_side
from pytest_dagflow.against.recorder import VALUES
from pytest_dagflow.against.stored import load_value

CONFTEST = """
    from pathlib import Path

    def pytest_configure(config):
        from pytest_dagflow.against.recorder import Recorder

        options = config.rootpath / "side.txt"
        folder, side = options.read_text().split("|")
        config.recorder = Recorder(config, Path(folder), side)
        config.pluginmanager.register(config.recorder)

    def pytest_collection_finish(session):
        session.config.recorder.write_graph(session.items)
"""

SHOP = """
    from dagflow import *

    @asset
    def orders():
        return [1]

    @asset(check_specs=[AssetCheckSpec("late", asset="sent")])
    def sent(orders):
        orders.append(2)
        check = AssetCheckResult(
            passed=False,
            severity=AssetCheckSeverity.WARN,
            description=f"see {__file__}",
            metadata={"late": 1},
        )
        path = MetadataValue.path(__file__)
        return MaterializeResult(value=orders, metadata={"rows": 2, "path": path}, check_results=[check])

    @asset_check(asset=orders)
    def positive(orders):
        return AssetCheckResult(passed=True)

    @op(out=DynamicOut())
    def cups():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    @op
    def pour(cup):
        return Output(cup, metadata={"ml": cup})

    @job
    def cafe():
        cups().map(pour)

    @op(out={"x": Out(), "y": Out(is_required=False)})
    def pair():
        yield Output(1, "x", metadata={"n": 1})
        yield Output(2, "y", metadata={"n": 2})

    @op
    async def slow():
        return lambda: 1
"""

TESTS = """
    import asyncio
    import pytest
    from hypothesis import given, strategies
    from dagflow import materialize_to_memory
    from shop import *

    @pytest.fixture(scope="module", params=["york", 3])
    def town(request):
        materialize_to_memory([orders])
        yield
        orders()

    @pytest.fixture
    def own():
        orders()

    def test_assets(town):
        materialize_to_memory([orders, sent, positive])
        materialize_to_memory([orders])

    def test_job(own):
        cafe.execute_in_process()

    def test_calls():
        orders()
        list(pair())
        asyncio.run(slow())
        sent(orders())
        positive([1])

    @given(strategies.integers())
    def test_drawn(number):
        orders()

    def test_benchmark(benchmark):
        orders()

    @pytest.fixture
    def benchmark():
        pass
"""


@pytest.fixture
def shop(pytester, tmp_path):
    """Create a project, and return a function that runs it as one side."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(shop=SHOP, test_shop=TESTS)

    def run(side, *arguments):
        (pytester.path / "side.txt").write_text(f"{tmp_path}|{side}", encoding="utf-8")
        result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:asyncio", *arguments)
        return result, read_side(tmp_path, side)

    return run


def _by_key(record):
    return {(run.owner, run.run, run.node): run for run in record.runs}


@pytest.mark.filterwarnings("ignore::pytest.PytestAssertRewriteWarning")
def test_a_side_is_recorded(shop, tmp_path):
    """All that nodes give in tests and fixtures is recorded, and the tests pass as they do without it."""
    result, record = shop("old", "-W", "error")
    result.assert_outcomes(passed=6)
    runs = _by_key(record)

    def values(*key):
        found = runs[key].outputs
        return {name: load_value(tmp_path / VALUES, value) for name, value in found.items() if value.digest}

    owner = "test_shop.py::test_assets[york]"
    york, three = "fixture town[york] of test_shop.py", "fixture town[3] of test_shop.py"
    assert {run.owner for run in record.runs} == {
        owner,
        "test_shop.py::test_assets[3]",
        york,
        three,
        "test_shop.py::test_job",
        "test_shop.py::test_calls",
    }
    assert [key[1:] for key in runs if key[0] == york] == [
        ("assets #1", "asset orders"),
        ("call #1", "asset orders"),
    ]
    assert sorted(key[1:] for key in runs if key[0] == owner) == [
        ("assets #1", "asset orders"),
        ("assets #1", "asset sent"),
        ("assets #1", "check orders:positive"),
        ("assets #1", "check sent:late"),
        ("assets #2", "asset orders"),
    ]
    # the values are those before `sent` changed its input
    assert values(owner, "assets #1", "asset orders") == {"result": [1]}
    assert values(owner, "assets #1", "asset sent") == {"result": [1, 2]}
    sent, late = runs[owner, "assets #1", "asset sent"], runs[owner, "assets #1", "check sent:late"]
    assert sent.metadata == {
        "rows": {"type": "Int", "value": 2},
        "path": {"type": "Path", "value": "<root>/shop.py"},
    }
    assert sent.checks == {}
    assert late.checks == {
        "sent:late": {
            "passed": False,
            "severity": "WARN",
            "description": "see <root>/shop.py",
            "metadata": {"late": {"type": "Int", "value": 1}},
        }
    }
    assert sent.events[0] == "STEP_START sent"
    assert "ASSET_MATERIALIZATION sent asset=sent" in sent.events
    assert [line.split()[0] for line in late.events] == ["STEP_OUTPUT", "ASSET_CHECK_EVALUATION"]
    assert sent.seconds > 0

    job, calls = "test_shop.py::test_job", "test_shop.py::test_calls"
    assert values(job, "cafe #1", "op cafe:cups") == {"result[a]": 1, "result[b]": 2}
    assert values(job, "cafe #1", "op cafe:pour") == {"result[a]": 1, "result[b]": 2}
    assert runs[job, "cafe #1", "op cafe:pour"].metadata == {"ml": {"type": "Int", "value": 2}}
    assert values(job, "call #1", "asset orders") == {"result": [1]}
    assert values(calls, "call #1", "op pair") == {"x": 1, "y": 2}
    assert list(runs[calls, "call #1", "op pair"].metadata) == ["x: n", "y: n"]
    assert runs[calls, "call #1", "op slow"].outputs["result"].problem.startswith("it cannot be pickled")
    assert values(calls, "call #2", "asset orders") == {"result": [1]}
    assert runs[calls, "call #1", "check orders:positive"].checks["orders:positive"]["passed"] is True
    assert runs[calls, "call #1", "check sent:late"].checks["sent:late"]["passed"] is False

    assert {"asset orders", "asset sent", "check sent:late", "op cafe:cups", "op cafe:pour"} <= set(
        record.graph
    )
    assert record.graph["asset sent"].parents == ["asset orders"]
    assert record.graph["asset orders"].place == "shop.py:4"


def test_sides_with_and_without_workers_are_equal(shop, tmp_path):
    """The record does not depend on the processes, and equal values are one file."""
    _, alone = shop("old")
    stored = sorted(file.name for file in (tmp_path / VALUES).iterdir())
    result, shared = shop("new", "-n", "1")
    result.assert_outcomes(passed=6)

    alone_runs, shared_runs = _by_key(alone), _by_key(shared)
    for run in (*alone_runs.values(), *shared_runs.values()):
        run.seconds = 0.0

    assert alone_runs == shared_runs
    assert alone.graph == shared.graph
    assert sorted(file.name for file in (tmp_path / VALUES).iterdir()) == stored


def test_the_last_attempt_at_a_repeated_test_counts(shop, pytester):
    """The runs of an attempt that a plugin such as pytest-rerunfailures repeats are forgotten."""
    pytester.makeconftest(
        CONFTEST
        + """
    def pytest_runtest_protocol(item, nextitem):
        from _pytest.runner import runtestprotocol

        runtestprotocol(item, log=False, nextitem=item)
        for report in runtestprotocol(item, log=False, nextitem=nextitem):
            item.ihook.pytest_runtest_logreport(report=report)
        return True
    """
    )
    pytester.makepyfile(
        test_shop="""
        from shop import *

        attempts = []

        def test_flaky():
            attempts.append(1)
            pour(len(attempts))
            pour(0)
            assert len(attempts) > 1
        """
    )

    result, record = shop("old")

    result.assert_outcomes(passed=1)
    assert [(run.run, run.metadata["ml"]["value"]) for run in record.runs] == [("call #1", 2), ("call #2", 0)]


def test_events_that_a_hook_cannot_redact_are_left_out(shop, pytester):
    """The record has no text that `pytest_dagflow_redact` would hide."""
    pytester.makeconftest(
        CONFTEST
        + """
    def pytest_dagflow_redact(event):
        raise RuntimeError("unknown")
    """
    )
    pytester.makepyfile(test_shop="from shop import *\ndef test_a():\n    cafe.execute_in_process()\n")

    _, record = shop("old")

    assert [(run.node, run.events, run.metadata) for run in record.runs] == [
        ("op cafe:cups", [], {}),
        ("op cafe:pour", [], {}),
    ]
    assert set(record.runs[0].outputs) == {"result[a]", "result[b]"}


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes")
def test_runs_in_other_processes_have_no_values(pytester, shop):
    """The runs of an executor with processes have their events and times."""
    pytester.makepyfile(
        test_shop="""
        from dagflow import *
        from dagflow.testing import instance_for_test

        @op
        def water():
            return 1

        @job(executor_def=multiprocess_executor)
        def kettle():
            water()

        def test_open():
            with instance_for_test() as instance:
                with execute_job(reconstructable(kettle), instance=instance) as result:
                    assert result.output_for_node("water") == 1
        """
    )

    result, record = shop("old")

    result.assert_outcomes(passed=1)
    (run,) = record.runs
    assert (run.node, run.outputs) == ("op kettle:water", {})
    assert "STEP_OUTPUT water" in run.events
    assert run.seconds > 0


def test_runs_of_partitions_are_named_by_them(pytester, shop):
    """The partition is in the name of the run, and only other partitions are in the names of metadata."""
    pytester.makepyfile(
        test_shop="""
        from dagflow import *

        towns = StaticPartitionsDefinition(["bath", "york"])

        @asset(partitions_def=towns, backfill_policy=BackfillPolicy.single_run())
        def rain():
            return MaterializeResult(metadata={"mm": 3})

        @asset_check(asset=rain, partitions_def=towns)
        def wet():
            return AssetCheckResult(passed=True)

        def test_a():
            materialize([rain, wet], partition_key="york")
            prefix = "dagster/asset_partition_range_"
            materialize([rain], tags={prefix + "start": "bath", prefix + "end": "york"})
        """
    )

    result, record = shop("old")

    result.assert_outcomes(passed=1)
    runs = {(run.run, run.node): run for run in record.runs}
    assert list(runs[("assets[york] #1", "asset rain")].metadata) == ["mm"]
    assert list(runs[("assets[york] #1", "check rain:wet")].checks) == ["rain:wet"]
    assert list(runs[("assets[bath...york] #1", "asset rain")].metadata) == ["mm[bath]", "mm[york]"]
    assert {run.partition for run in record.runs} == {"york", "bath...york"}


def test_a_session_without_the_runtime_has_an_empty_record(shop, pytester):
    """Tests that never import dagflow are not slowed down."""
    pytester.makepyfile(test_shop="def test_a():\n    pass\n")

    result, record = shop("old")

    result.assert_outcomes(passed=1)
    assert record.runs == []
    assert record.graph_problem == ""


def test_definitions_that_cannot_be_loaded_are_the_problem_of_the_graph(shop, pytester):
    """The runs are recorded without a graph."""
    pytester.makeini("[pytest]\ndag_definitions = shop:absent\n")
    pytester.makepyfile(test_shop="from shop import *\ndef test_a():\n    orders()\n")

    _, record = shop("old")

    assert "shop:absent" in record.graph_problem
    assert [run.node for run in record.runs] == ["asset orders"]
