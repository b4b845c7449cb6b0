"""Tests of the ini key `dag_definitions` and of the hook: the graph that is selected from."""

from __future__ import annotations

import pytest

KITCHEN = """
    from dagflow import asset

    @asset
    def water():
        return 1

    @asset
    def coffee(water):
        return 2

    class Project:
        definitions = [water, coffee]

    definitions = Project.definitions
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project of two assets, one of which its only test names."""
    pytester.makepyfile(kitchen=KITCHEN, test_it="from kitchen import coffee\ndef test_it(): assert coffee")
    return pytester


@pytest.mark.parametrize("target", ["kitchen:definitions", "kitchen:Project.definitions"])
def test_the_ini_file_names_the_graph(project: pytest.Pytester, target: str):
    """A walk may start from a node that no test names."""
    project.makeini(f"[pytest]\ndag_definitions = {target}")

    result = project.runpytest("--dag-select", "water+")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["dag-select: 2 nodes, 1 of 1 test", "dag-select: no test touches water"])


def test_without_it_the_node_is_unknown(project: pytest.Pytester):
    """Without definitions the graph has only the nodes that the tests name."""
    assert project.runpytest("--dag-select", "water+").ret == pytest.ExitCode.USAGE_ERROR


def test_the_hook_comes_before_the_ini_file(project: pytest.Pytester):
    """A plugin or a conftest may provide the definitions."""
    project.makeini("[pytest]\ndag_definitions = no.such:thing")
    project.makeconftest(
        """
        def pytest_dagflow_definitions(config):
            import kitchen
            return kitchen.definitions
        """
    )

    project.runpytest("--dag-select", "water+").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("kitchen", "must be 'package.module:attribute', not 'kitchen'"),
        ("nowhere:definitions", "cannot load 'nowhere:definitions': ModuleNotFoundError: *"),
        ("kitchen:nothing", "cannot load 'kitchen:nothing': AttributeError: *"),
    ],
)
def test_a_wrong_ini_key_is_a_usage_error(project: pytest.Pytester, target: str, message: str):
    """The message contains the key and the reason."""
    project.makeini(f"[pytest]\ndag_definitions = {target}")

    result = project.runpytest("--dag-select", "water")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: ini key 'dag_definitions'*{message}"])


SHOP = """
    from dagflow import Definitions, asset, define_asset_job, job, op, repository

    @asset(group_name="drinks")
    def water():
        return 1

    @asset
    def coffee(water):
        return water + 1

    @op
    def count():
        return 1

    @job
    def inventory():
        count()

    boil = define_asset_job("boil", "water")
    defs = Definitions([water, coffee], jobs=[boil, inventory], resources={"db": 1})
    listed = [water, coffee, boil, inventory]

    def build():
        return defs

    def broken():
        raise RuntimeError("no database")

    @repository
    def shop():
        return listed
"""

SHOP_TESTS = """
    import shop
    from shop import boil, coffee, defs, inventory, water

    def test_water(): assert water is not None
    def test_boil(): assert boil is not None
    def test_inventory(): assert inventory is not None
    def test_all(): assert defs is not None
    def test_lookup(): defs.get_job_def("inventory").execute_in_process()
    def test_asset_lookup(): shop.defs.get_assets_def("coffee")(1)
"""


@pytest.mark.parametrize("target", ["defs", "listed", "build", "shop", ""])
def test_a_project_in_any_form_is_the_graph(pytester: pytest.Pytester, target: str):
    """Definitions, a list with an asset job, a function and a repository are understood. Without the key, the
    Definitions that the tests name count too.
    """
    pytester.makepyfile(shop=SHOP, test_it=SHOP_TESTS)
    pytester.makeini(f"[pytest]\ndag_definitions = {target and f'shop:{target}'}")

    drinks = pytester.runpytest("--dag-select", "group:drinks", "-v")
    jobs = pytester.runpytest("--dag-select", "job:inventory", "-v")

    kept = {"water", "boil", "all"}
    assert {name for name in NAMES if f"test_{name} " in drinks.stdout.str()} == kept
    kept = {"inventory", "all", "lookup"}
    assert {name for name in NAMES if f"test_{name} " in jobs.stdout.str()} == kept


NAMES = ("water", "boil", "inventory", "all", "lookup", "asset_lookup")


def test_a_function_that_fails_is_a_usage_error(pytester: pytest.Pytester):
    """The error of the function is not an internal error of pytest."""
    pytester.makepyfile(shop=SHOP, test_it=SHOP_TESTS)
    pytester.makeini("[pytest]\ndag_definitions = shop:broken")

    result = pytester.runpytest("--dag-select", "water")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([
        "ERROR: ini key 'dag_definitions': cannot call 'shop:broken': RuntimeError: no database"
    ])  # fmt: skip


def test_a_project_with_a_fault_is_a_usage_error(pytester: pytest.Pytester):
    """A job that lacks a resource, and an object that is no definition, are named."""
    pytester.makepyfile(
        shop=SHOP
        + "\n    wrong = Definitions([water], jobs=[define_asset_job('cook', 'soup')])\n    odd = [7]",
        test_it=SHOP_TESTS,
    )

    for target, message in (
        ("wrong", "Failed to resolve asset job 'cook'*"),
        ("odd", "graph_of takes * not 7*"),
    ):
        pytester.makeini(f"[pytest]\ndag_definitions = shop:{target}")
        result = pytester.runpytest("--dag-select", "water")

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: the definitions of the project: {message}"])


def test_a_faulty_project_in_a_test_module_does_not_end_the_session(pytester: pytest.Pytester):
    """A test may build a project to see that it is refused: its assets and jobs count one by one."""
    pytester.makepyfile(
        shop=SHOP,
        test_it="""
            import pytest
            from dagflow import Definitions, define_asset_job
            from shop import coffee, water

            cook = define_asset_job("cook", "soup")
            wrong = Definitions([water, coffee], jobs=[cook])

            def test_wrong():
                with pytest.raises(Exception, match="soup"):
                    wrong.get_job_def("cook")
        """,
    )

    pytester.runpytest("--dag-select", "water").assert_outcomes(passed=1)


def test_the_fixture_is_the_project(pytester: pytest.Pytester):
    """A project in any form is one Definitions, which a session loads once."""
    pytester.makepyfile(
        shop=SHOP
        + """
    def nested():
        return [[water], defs.get_job_def("inventory")]

    calls = []

    def count_calls():
        calls.append(1)
        return defs
""",
        test_it="""
        import pytest
        import shop
        from dagflow import Definitions

        @pytest.mark.dag_nodes("job:inventory")
        def test_it(dag_definitions, request):
            assert isinstance(dag_definitions, Definitions)
            assert dag_definitions.get_job_def("inventory").execute_in_process().success
            if request.config.getini("dag_definitions") in ("shop:defs", "shop:build"):
                assert dag_definitions is shop.defs
            assert len(shop.calls) <= 1
        """,
    )
    for target in ("defs", "listed", "build", "shop", "nested", "count_calls"):
        pytester.makeini(f"[pytest]\ndag_definitions = shop:{target}")

        pytester.runpytest("--dag-select", "job:inventory").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "",
            "fixture 'dag_definitions': ini key 'dag_definitions' is missing. Add it to the pytest section*",
        ),
        ("nowhere:defs", "ini key 'dag_definitions': cannot load 'nowhere:defs': ModuleNotFoundError: *"),
        ("shop:broken", "ini key 'dag_definitions': cannot call 'shop:broken': RuntimeError: no database"),
        ("shop:count", "ini key 'dag_definitions': *all elements of list must be of type JobDefinition*"),
    ],
)
def test_the_fixture_names_the_ini_key(pytester: pytest.Pytester, target: str, message: str):
    """An error of the project is one line, without a traceback of the plugin."""
    pytester.makepyfile(shop=SHOP, test_it="def test_it(dag_definitions): ...")
    pytester.makeini(f"[pytest]\ndag_definitions = {target}")

    result = pytester.runpytest()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_plugin_may_link_tests_to_nodes(project: pytest.Pytester):
    """The hook returns names, expressions or definitions."""
    project.makeini("[pytest]\ndag_definitions = kitchen:definitions")
    project.makeconftest(
        """
        def pytest_dagflow_link(item):
            return ["water"] if item.name == "test_it" else None
        """
    )

    result = project.runpytest("--dag-select", "water", "--dag-explain")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*::test_it: kept: water (linked by plugin conftest.py); coffee (*"])
