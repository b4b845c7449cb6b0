"""Tests of the fixture `dag_stub`."""

from __future__ import annotations

import pytest

SHOP = """
    from dagflow import (
        AssetKey, AssetOut, AssetSpec, DailyPartitionsDefinition, Definitions, Out, Output, asset, graph, job,
        multi_asset, multiprocess_executor, op, resource,
    )

    @resource
    def db(context):
        raise OSError("no database in tests")

    @asset(key_prefix="raw", required_resource_keys={"db"}, resource_defs={"db": db})
    def beans() -> int:
        raise OSError("no answer")

    @asset
    def cups(beans: int) -> int:
        return beans // 5

    @multi_asset(outs={"hot": AssetOut(), "cold": AssetOut()})
    def split(cups):
        yield Output(cups, "hot")
        yield Output(-cups, "cold")

    @op
    def grind() -> int:
        return 1

    @op
    def brew(n: int) -> int:
        return n + 1

    @graph
    def machine():
        return brew(grind())

    @job
    def cafe():
        brew.alias("last")(machine())

    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04"))
    def daily():
        return 1

    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04"))
    def report(daily):
        return daily * 10

    defs = Definitions([beans, cups, split], jobs=[cafe])
"""


@pytest.fixture
def shop(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project with a source that has no answer."""
    pytester.makepyfile(shop=SHOP)
    pytester.makeini("[pytest]\ndag_definitions = shop:defs\n")
    return pytester


def test_a_stub_is_given_instead_of_computed(shop: pytest.Pytester):
    """Each form of the key works for each bound call; the resources of a given step do not start."""
    shop.makepyfile(
        """
        import pytest
        from shop import *
        from dagflow.testing import run_options

        KEYS = ["raw/beans", AssetKey(["raw", "beans"]), beans, ("raw__beans", "result")]

        @pytest.mark.parametrize("key", KEYS)
        def test_asset(dag_stub, materialize_to_memory, dag_events, key):
            dag_stub(key, 10)

            assert materialize_to_memory([beans, cups]).asset_value("cups") == 2
            assert not [event for event in dag_events if event.step_key == "raw__beans"]

        def test_one_of_several(dag_stub, materialize_to_memory):
            for key, value in {"raw/beans": 1, "cups": 2, "hot": 99}.items():
                dag_stub(key, value)

            result = materialize_to_memory([beans, cups, split])

            assert result.asset_value("cold") == -2

        @pytest.mark.parametrize("key", ["machine.grind", ("machine.grind", "result")])
        def test_op(dag_stub, execute_in_process, key):
            dag_stub(key, 10)

            assert execute_in_process(cafe).output_for_node("last") == 12

        def test_project(dag_stub, dag_run):
            dag_stub("raw/beans", 50)

            assert dag_run("cups").asset_value("cups") == 10

        def test_stored(dag_stub, materialize, dag_instance):
            dag_stub(beans, 25)

            assert materialize([beans, cups], selection="cups").asset_value("cups") == 5

        def test_external(dag_stub, materialize_to_memory):
            dag_stub("raw/beans", 15)

            spec = AssetSpec(["raw", "beans"])
            assert materialize_to_memory([spec, cups]).asset_value("cups") == 3

        def test_direct_run(dag_stub):
            dag_stub("machine.grind", 4)

            with run_options():
                assert cafe.execute_in_process().output_for_node("last") == 6

        def test_partitions(dag_stub, materialize_to_memory):
            dag_stub("daily", 5, partition="2024-01-01")
            dag_stub("daily", 7, partition="2024-01-02")

            def run(key):
                return materialize_to_memory([daily, report], partition_key=key).asset_value("report")

            assert [run(f"2024-01-0{day}") for day in (1, 2, 3)] == [50, 70, 10]
        """
    )

    shop.runpytest_inprocess("-W", "error", "-p", "no:randomly").assert_outcomes(passed=12)


def test_a_stub_reaches_other_processes(shop: pytest.Pytester):
    """The value is sent to the process of the step that reads it."""
    shop.makepyfile(
        """
        from shop import cafe
        from dagflow import execute_job, reconstructable

        def test_processes(dag_stub, dag_local_instance):
            dag_stub("machine.grind", 10)

            with execute_job(reconstructable(cafe), dag_local_instance) as result:
                assert result.output_for_node("last") == 12
        """
    )

    shop.runpytest_inprocess("-W", "error", "-p", "no:randomly").assert_outcomes(passed=1)


def test_a_stub_is_strict(shop: pytest.Pytester):
    """A stub that no run used fails the test at its end, with the nearest names and the nodes that ran."""
    shop.makepyfile(
        """
        from shop import *

        def test_typo(dag_stub, execute_in_process):
            dag_stub("machine.grnd", 1)
            execute_in_process(cafe)

        def test_prefix(dag_stub, materialize_to_memory):
            dag_stub("raw/beans", 10)
            dag_stub("beans", 10)
            materialize_to_memory([beans, cups])

        def test_several(dag_stub, materialize_to_memory):
            for key in ("raw/beans", "cups", "split", ("split", "warm")):
                dag_stub(key, 1)
            materialize_to_memory([beans, cups, split])

        def test_too_late(dag_stub, execute_in_process):
            execute_in_process(cafe)
            dag_stub("machine.grind", 1)

        def test_partition(dag_stub, materialize_to_memory):
            dag_stub("daily", 5, partition="2024-01-01")
            dag_stub("daily", 5, partition="2024-01-02")
            materialize_to_memory([daily, report], partition_key="2024-01-01")

        def test_no_run(dag_stub):
            dag_stub("cups", 1)
        """
    )

    result = shop.runpytest_inprocess("-W", "error", "-p", "no:randomly")

    result.assert_outcomes(passed=6, errors=6)
    result.stdout.fnmatch_lines(
        [
            "dag_stub: the stub of 'machine.grnd' was not used: no run had this node. Did you mean "
            "'machine.grind' or 'machine.brew'? The nodes that ran: 'machine.grind', 'machine.brew', 'last'",
            "dag_stub: the stub of 'beans' was not used: no run had this node. Did you mean 'raw/beans'*",
            "dag_stub: the stub of 'split' was not used: the step has several outputs: stub each one *",
            "dag_stub: the stub of ('split', 'warm') was not used: the step has no output 'warm'.*It has *",
            "dag_stub: the stub of 'machine.grind' was not used: it was added after the run that *",
            "dag_stub: the stub of 'daily' for partition '2024-01-02' was not used: the runs that used it "
            "were for '2024-01-01'",
            "dag_stub: the stub of 'cups' was not used: no run came to its end",
        ],
    )
    assert "hidden" not in result.stdout.str()


def test_a_wrong_value_and_a_wrong_key_are_refused(shop: pytest.Pytester):
    """The type of the node decides: at the call if it is known, otherwise when the run begins."""
    shop.makepyfile(
        """
        import pytest
        from shop import *
        from dagflow import DagflowTypeCheckDidNotPass, DynamicOut, DynamicOutput, job, op
        from dagflow.errors import CheckError

        WRONG = DagflowTypeCheckDidNotPass

        def test_at_the_call(dag_stub):
            with pytest.raises(WRONG, match="stub of 'raw/beans' is not of the type 'Int'"):
                dag_stub(beans, "many")
            with pytest.raises(WRONG, match="stub of 'grind'"):
                dag_stub(grind, "many")

        def test_when_used(dag_stub, materialize_to_memory):
            dag_stub("raw/beans", "many")
            with pytest.raises(WRONG, match="given value of output 'result'.*'raw__beans'"):
                materialize_to_memory([beans, cups], raise_on_error=False)
            dag_stub("raw/beans", 1)
            materialize_to_memory([beans, cups])

        def test_keys(dag_stub):
            with pytest.raises(CheckError, match="pass the key of one of them"):
                dag_stub(split, 1)
            with pytest.raises(CheckError, match="a stub needs the key of an asset or step"):
                dag_stub(3, 1)

        def test_dynamic(dag_stub, execute_in_process):
            @op(out=DynamicOut())
            def pieces():
                yield DynamicOutput(1, "a")

            @job
            def cut():
                pieces().map(brew)

            dag_stub("pieces", [1])
            with pytest.raises(CheckError, match="cannot be given, because a dynamic output"):
                execute_in_process(cut)

        def test_skipped(dag_stub):
            dag_stub("nothing", 1)
            pytest.skip("later")

        def test_failed_before_its_run(dag_stub):
            dag_stub("nothing", 1)
            assert not "its own error"
        """
    )

    result = shop.runpytest_inprocess()

    result.assert_outcomes(passed=4, skipped=1, failed=1, errors=1)


def test_strict_fixtures_fail_once(pytester: pytest.Pytester) -> None:
    """Unused stubs and faults are one failure, without frames of the plugin also beside an error."""
    pytester.makepyfile(
        """
        import pytest
        from dagflow import job, op

        @op
        def one():
            return 1

        @job
        def ones():
            one()

        @pytest.fixture
        def broken():
            yield
            raise OSError("of the project")

        def test_both(dag_stub, dag_faults, execute_in_process):
            dag_stub("two", 2)
            dag_faults.fail("three")
            execute_in_process(ones)

        def test_beside(broken, dag_stub, execute_in_process):
            dag_stub("two", 2)
            execute_in_process(ones)
        """
    )

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(
        [
            "* ERROR at teardown of test_both *",
            "dag_stub: the stub of 'two' was not used: *",
            "dag_faults: fail('three') never fired: *",
            "* ERROR at teardown of test_beside *",
            "*OSError: of the project",
            "*| Failed: dag_stub: the stub of 'two' was not used: *",
            "ERROR test_strict_fixtures_fail_once.py::test_both - Failed: dag_stub: *",
        ]
    )
    result.stdout.no_fnmatch_line("*strict.py*")
