"""Tests of the fixture `dag_run`, which runs a part of the project in memory."""

from __future__ import annotations

import pytest

SHOP = """
    import dagflow as dg

    @dg.asset(group_name="hot")
    def water():
        return 1

    @dg.asset(io_manager_key="warehouse", required_resource_keys={"db"}, config_schema={"cups": int})
    def coffee(context, water):
        return water + context.op_config["cups"] + context.resources.db

    @dg.asset(deps=[dg.AssetSpec("herbs")])
    def tea():
        return 3

    @dg.asset_check(asset=water)
    def wet(water):
        return dg.AssetCheckResult(passed=water == 1)

    @dg.op
    def knead():
        return 1

    @dg.graph_asset
    def bread():
        return knead()

    @dg.op(required_resource_keys={"db"})
    def count(context):
        return context.resources.db

    @dg.op
    def double(number):
        return 2 * number

    @dg.job(resource_defs={"db": dg.ResourceDefinition.hardcoded_resource("the real one of the job")})
    def inventory():
        double(count())

    class Warehouse(dg.ConfigurableIOManager):
        def handle_output(self, context, value):
            raise AssertionError("a test must not write there")

        load_input = handle_output

    boil = dg.define_asset_job("boil", "water", tags={"team": "core"})
    days = dg.StaticPartitionsDefinition(["mon", "tue"])

    @dg.asset(partitions_def=days)
    def sales(context):
        return context.partition_key

    defs = dg.Definitions(
        [water, coffee, tea, dg.AssetSpec("herbs"), bread, sales],
        jobs=[inventory, boil],
        asset_checks=[wet],
        resources={"warehouse": Warehouse(), "db": "the real one"},
    )
"""

MORE_JOBS = """
    @dg.job
    def audit():
        double(knead())

    @dg.job(name="tea")
    def tea_job():
        knead()

    defs = dg.Definitions.merge(dg.Definitions(jobs=[audit, tea_job]), defs)
"""

CONFTEST = """
    import pytest

    @pytest.fixture
    def dag_resources():
        return {"db": 5}

    @pytest.fixture
    def steps_of(dag_run):
        def steps_of(selection, **options):
            return sorted(event.step_key for event in dag_run(selection, **options).get_step_success_events())
        return steps_of
"""


@pytest.fixture
def shop(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project of assets, a check and jobs, which the ini file names."""
    pytester.makepyfile(shop=SHOP)
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\ndag_definitions = shop:defs")
    return pytester


def test_it_runs_what_is_selected(shop: pytest.Pytester):
    """An expression selects assets with their checks; a job runs by its name; ops run as a part of a job."""
    shop.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize(("selection", "steps"), [
            ("water", "water water_wet"),
            ("*tea", "tea"),
            ("group:hot or tea", "tea water water_wet"),
            ("water and not check:wet", "water"),
            ("bread", "bread.knead"),
            ("boil", "water water_wet"),
            ("job:boil", "water water_wet"),
            ("inventory", "count double"),
            ("job:inventory", "count double"),
            ("count", "count"),
            ("job:inventory and not double", "count"),
            ("op:double+ or *op:double", "count double"),
        ])
        def test_steps(steps_of, selection, steps):
            assert steps_of(selection) == steps.split()

        def test_check_alone(dag_run, steps_of):
            dag_run("water")
            assert steps_of("check:wet") == ["water_wet"]

        def test_op_selection(steps_of):
            assert steps_of("inventory", op_selection=["count"]) == ["count"]

        def test_job_facts(dag_run):
            assert dag_run("boil", tags={"day": "mon"}).dagflow_run.tags.items() >= {
                ("team", "core"), ("day", "mon")
            }

        def test_partition(dag_run):
            assert dag_run("sales", partition_key="tue").asset_value("sales") == "tue"
        """
    )

    shop.runpytest("-W", "error").assert_outcomes(passed=16)


def test_it_has_the_defaults_of_the_test(shop: pytest.Pytester):
    """Resources of the test replace those of the project; values stay in memory until the test ends."""
    shop.makepyfile(
        """
        import pytest
        from dagflow import InMemoryIOManager

        def cups(number):
            return {"ops": {"coffee": {"config": {"cups": number}}}}

        def test_defaults(dag_run, dag_instance):
            dag_run("water")
            result = dag_run("coffee", run_config=cups(1))
            assert result.asset_value("coffee") == 7
            assert dag_instance.has_run(result.run_id)
            assert dag_run("inventory").output_for_node("double") == 10

        def test_arguments(dag_run, session_dag_instance):
            options = dict(resources={"db": 8}, instance=session_dag_instance)
            result = dag_run("*coffee", run_config=cups(1), **options)
            assert result.asset_value("coffee") == 10
            assert session_dag_instance.has_run(result.run_id)

        def test_io_manager(dag_run):
            warehouse = InMemoryIOManager()
            dag_run("*coffee", run_config=cups(1), resources={"warehouse": warehouse})
            assert [key.to_user_string() for key, _ in warehouse.assets] == ["coffee"]

        def test_no_values_of_other_tests(dag_run):
            result = dag_run("coffee", run_config=cups(1), raise_on_error=False)
            assert not result.success

        @pytest.mark.dag_config(cups(10))
        def test_config(dag_run):
            assert dag_run("*coffee").asset_value("coffee") == 16
        """
    )

    shop.runpytest("-W", "error").assert_outcomes(passed=5)


def test_the_test_may_give_what_the_project_lacks(shop: pytest.Pytester):
    """A project without its resources runs with those of the test, also in place of one of an asset."""
    shop.makeini("[pytest]\ndag_definitions = bare:defs")
    shop.makepyfile(
        bare="""
        import dagflow as dg

        @dg.asset(required_resource_keys={"db"})
        def stock(context):
            return context.resources.db

        @dg.asset(resource_defs={"pump": dg.ResourceDefinition.hardcoded_resource("the real one")},
                  required_resource_keys={"pump"})
        def well(context):
            return context.resources.pump

        @dg.op(required_resource_keys={"db"})
        def count(context):
            return context.resources.db

        @dg.job
        def inventory():
            count()

        defs = dg.Definitions([stock, well], jobs=[inventory])
        """,
        test_it="""
        import pytest

        @pytest.fixture
        def dag_resources():
            return {"db": 5, "pump": "a fake"}

        def test_given(dag_run, execute_in_process):
            assert dag_run("stock").asset_value("stock") == 5
            assert dag_run("well").asset_value("well") == "a fake"
            assert dag_run("inventory").output_for_node("count") == 5
            assert execute_in_process("inventory").output_for_node("count") == 5
        """,
    )

    shop.runpytest("-W", "error").assert_outcomes(passed=1)


def test_what_cannot_run_is_an_error_with_a_remedy(shop: pytest.Pytester):
    """The message has the nearest name, or an expression that runs."""
    shop.makepyfile(
        shop=SHOP + MORE_JOBS,
        test_errors="""
        import pytest
        from dagflow import DagflowError, DagflowInvalidSubsetError, ParameterCheckError

        @pytest.mark.parametrize(("selection", "message"), [
            ("wter", "no node is called 'wter'. Did you mean 'water'"),
            ("invntory", "no node is called 'invntory'. .*'job:inventory'"),
            ("group:hott", "no node has group 'hott'. Did you mean 'hot'"),
            ("tea", "a job and another node have this name. Write 'job:tea' or 'key:tea'"),
            ("double", "in several jobs .audit, inventory.. .*'job:audit and .double.'"),
            ("water, count", "assets and checks .water.*'.water, count. and key:.'"),
            ("bread.knead", "'bread.knead' is a part of asset 'bread', .*Select 'key:bread'"),
            ("herbs", "nothing computes herbs"),
            ("water and count", "it selects nothing"),
            ("changed()", "the nodes of a record of test sessions are not known"),
        ])
        def test_error(dag_run, selection, message):
            with pytest.raises(DagflowInvalidSubsetError, match=message):
                dag_run(selection)

        def test_syntax(dag_run):
            with pytest.raises(DagflowError, match="cannot read the selection"):
                dag_run("water and (")

        def test_definition(dag_run):
            with pytest.raises(ParameterCheckError, match="takes a string: .*materialize_to_memory"):
                dag_run(3)

        def test_keyword(dag_run):
            with pytest.raises(TypeError, match="^dag_run.. got an unexpected keyword argument 'ressources'"):
                dag_run("water", ressources={})
        """,
    )

    shop.runpytest("-W", "error").assert_outcomes(passed=13)


def test_a_fixture_of_the_project_may_be_the_project(shop: pytest.Pytester):
    """A conftest overrides `dag_definitions` by a list; without it the message names the ini key."""
    shop.makeini("[pytest]")
    shop.makepyfile(
        test_own="""
        import pytest
        from shop import tea

        @pytest.fixture
        def dag_definitions():
            return [tea]

        def test_own(dag_run):
            assert dag_run("tea").asset_value("tea") == 3
        """,
        test_none="def test_none(dag_run): dag_run('tea')",
    )

    result = shop.runpytest()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["fixture 'dag_definitions': ini key 'dag_definitions' is missing. Add it *"])
