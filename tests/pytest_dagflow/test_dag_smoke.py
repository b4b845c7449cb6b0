"""Tests of `--dag-smoke`: an item for each definition of the project, beside the collected tests."""

from __future__ import annotations

import pytest

PIPELINE = """
    from dagflow import (
        Config, Definitions, RunRequest, asset, asset_check, AssetCheckResult, job, op, schedule, sensor,
    )

    class Recipe(Config):
        cups: int

    @asset
    def water():
        return 1

    @asset
    def tea(water, config: Recipe):
        return water

    @asset_check(asset="te")
    def hot():
        return AssetCheckResult(passed=True)

    @op
    def boil(config: Recipe):
        pass

    @job(config={"ops": {"boil": {"config": {"cups": 3}}}})
    def breakfast():
        boil()

    @schedule("0 6 * * *", job=breakfast)
    def morning(context):
        return {"ops": {"boil": {"config": {"cups": {}["none"]}}}}

    @sensor(job=breakfast)
    def thirst():
        return RunRequest(run_config={"ops": {"boil": {"config": {"cups": 1}}}})

    def make():
        return Definitions(
            [water, tea], asset_checks=[hot], jobs=[breakfast], schedules=[morning], sensors=[thirst],
            resources={"limit": 5},
        )
"""
IDS = [
    "dag-smoke::definitions",
    "dag-smoke::job:breakfast",
    "dag-smoke::asset:water",
    "dag-smoke::asset:tea",
    "dag-smoke::check:te:hot",
    "dag-smoke::schedule:morning",
    "dag-smoke::sensor:thirst",
    "dag-smoke::resource:limit",
]


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project with a wrong check, a failing schedule, and an asset that requires config."""
    pytester.makeini("[pytest]\ndag_definitions = pipeline:make\npythonpath = .\naddopts = -p no:randomly")
    pytester.makepyfile(pipeline=PIPELINE, test_it="def test_it(): pass")
    return pytester


def test_each_definition_is_an_item_beside_the_tests(project: pytest.Pytester):
    """The failures name the definition and its place, and no frame of a tool."""
    result = project.runpytest_inprocess("--dag-smoke", "--strict-markers", "-W", "error")

    result.assert_outcomes(passed=6, failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "collected 9 items",
            "test_it.py .*",
            "dag-smoke ...sFF..*",
            "*_ check:te:hot _*",
            "check 'te:hot' is about asset 'te', which is not an asset of the project. Did you mean 'tea'?",
            "  check 'te:hot' is defined at pipeline.py:16",
            "  Correct the key, or declare the asset: AssetSpec('te').",
            "*_ schedule:morning _*",
            "schedule 'morning' cannot evaluate its tick at 20* 06:00 UTC",
            "  KeyError: 'none'",
            "  raised at pipeline.py:30: return {*",
            "  schedule 'morning' is defined at pipeline.py:28",
            "dag-smoke: 1 definition could not be tested completely; -rs shows why",
            "FAILED dag-smoke::check:te:hot - *check 'te:hot' is about*",
        ],
        consecutive=False,
    )
    assert "Traceback" not in result.stdout.str()
    assert "dagflow/" not in result.stdout.str().partition("short test summary")[0].partition("FAILURES")[2]


def test_the_reasons_of_skips_have_the_place_of_the_definition(project: pytest.Pytester):
    """Config that has no default is named with an example."""
    result = project.runpytest_inprocess("--dag-smoke", "-rs")

    result.stdout.fnmatch_lines(
        ["SKIPPED * pipeline.py:12: asset 'tea' requires config that has no default: *'cups': 0*"]
    )
    result.stdout.no_fnmatch_line("dag-smoke: *")


def test_the_items_are_listed_and_chosen(project: pytest.Pytester):
    """The ids are readable, the docstrings state what is tested, and -k, ids and --lf choose."""
    listed = project.runpytest_inprocess("--dag-smoke", "--collect-only", "-q")
    explained = project.runpytest_inprocess("--dag-smoke", "--collect-only", "-v", "-k", "resource")
    project.runpytest_inprocess("--dag-smoke").assert_outcomes(passed=6, failed=2, skipped=1)
    by_id = project.runpytest_inprocess("dag-smoke::asset:water", "dag-smoke::check:te:hot")
    failed = project.runpytest_inprocess("--dag-smoke", "--lf")

    assert listed.outlines[:9] == ["test_it.py::test_it", *IDS]
    explained.stdout.fnmatch_lines(["  <SmokeItem resource:limit>", "    The resource can be made: *"])
    by_id.assert_outcomes(passed=1, failed=1)
    failed.assert_outcomes(failed=2, deselected=7)


def test_the_items_are_linked_to_nodes(project: pytest.Pytester):
    """A selection of nodes keeps the items of the definitions that touch them."""
    result = project.runpytest_inprocess("--dag-smoke", "--dag-select", "boil", "--collect-only", "-q")

    assert [line for line in result.outlines if line.startswith("dag-smoke::")] == [
        "dag-smoke::definitions",
        "dag-smoke::job:breakfast",
        "dag-smoke::schedule:morning",
        "dag-smoke::sensor:thirst",
    ]


def test_automation_conditions_and_sensors_without_a_place(pytester: pytest.Pytester):
    """A condition is an item of its asset, and a sensor of a built-in function or of dagflow has no place."""
    pytester.makeini("[pytest]\ndag_definitions = pipeline:defs\npythonpath = .\naddopts = -p no:randomly")
    pytester.makepyfile(
        pipeline="""
        from dagflow import (
            AssetSelection, AutomationCondition, AutomationConditionSensorDefinition, Definitions,
            SensorDefinition, asset,
        )

        @asset
        def water():
            return 1

        @asset(
            deps=[water],
            automation_condition=AutomationCondition.eager().ignore(AssetSelection.assets("watr")),
        )
        def tea():
            return 1

        class Quiet:
            def __call__(self, context):
                return None

        sensors = [
            SensorDefinition("built_in", evaluation_fn=Quiet()),
            AutomationConditionSensorDefinition("conditions", target="*"),
        ]
        defs = Definitions([water, tea], sensors=sensors)
        """
    )
    result = pytester.runpytest_inprocess("--dag-smoke", "-v")
    linked = pytester.runpytest_inprocess("--dag-smoke", "--dag-select", "water", "--collect-only", "-q")

    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(
        [
            "dag-smoke::condition:asset:tea FAILED*",
            "dag-smoke::sensor:built_in PASSED*",
            "the automation condition of asset 'tea' ignores assets that do not exist",
            "  asset 'watr' was selected, but *. Did you mean 'water'?",
            "  the automation condition of asset 'tea' is defined at pipeline.py:10",
            "  Correct the key, or declare the asset by an AssetSpec.",
        ]
    )
    result.stdout.no_fnmatch_line("*cannot be evaluated*")
    linked.stdout.no_fnmatch_line("*condition:*")


def test_without_a_cache_and_in_junit(project: pytest.Pytester):
    """The items need no cache, and have their names in the file of JUnit."""
    result = project.runpytest_inprocess(
        "-p", "no:cacheprovider", "--junitxml=report.xml", "dag-smoke::asset:water"
    )

    result.assert_outcomes(passed=1)
    assert 'classname="dag-smoke" name="asset:water"' in (project.path / "report.xml").read_text()


def test_the_items_run_on_the_workers_of_xdist(project: pytest.Pytester):
    """Each worker collects the same items; an error of the command line ends the session once."""
    pytest.importorskip("xdist")

    result = project.runpytest("--dag-smoke", "-n", "2", "--dist", "loadgroup")
    unknown = project.runpytest("-n", "2", "dag-smoke::asset:wate")

    result.assert_outcomes(passed=6, failed=2, skipped=1)
    result.stdout.fnmatch_lines(["dag-smoke: 1 definition could not be tested completely; -rs shows why"])
    assert unknown.ret == pytest.ExitCode.USAGE_ERROR
    unknown.stderr.fnmatch_lines(["*not found: dag-smoke::asset:wate*Did you mean dag-smoke::asset:water *"])


def test_other_plugins_test_definitions(project: pytest.Pytester):
    """The hook is called for each definition, also in the conftest of another folder; its assert is shown."""
    project.mkdir("tests").joinpath("conftest.py").write_text(
        "from dagflow import AssetsDefinition\n"
        "def pytest_dagflow_smoke(definition):\n"
        "    if isinstance(definition, AssetsDefinition) and definition.has_keys:\n"
        "        assert list(definition.specs)[0].owners == ['bar@example.com']\n"
    )
    (project.path / "test_it.py").rename(project.path / "tests" / "test_it.py")

    result = project.runpytest_inprocess("--dag-smoke", "-k", "asset:water or job", "tests")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [">*owners == *", "E*AssertionError*", "tests?conftest.py:4: AssertionError"], consecutive=False
    )
    assert "pluggy" not in result.stdout.str().partition("FAILURES")[2]


def test_the_definitions_must_be_named(pytester: pytest.Pytester):
    """The error names the ini key and the hook."""
    result = pytester.runpytest_inprocess("--dag-smoke")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*ini key 'dag_definitions' is not set*hook pytest_dagflow_definitions*"])


def test_a_value_that_is_no_definition_is_an_error(project: pytest.Pytester):
    """The error names the value."""
    result = project.runpytest_inprocess("--dag-smoke", "-o", "dag_definitions=pipeline:Recipe")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dag-smoke: the definitions of the project: *Recipe*"])


def test_definitions_without_a_place(pytester: pytest.Pytester) -> None:
    """A schedule that a builder makes, and a sensor of automation conditions, have no line in the code."""
    pytester.makepyfile(
        pipeline="""
        from dagflow import (
            AutomationConditionSensorDefinition, DailyPartitionsDefinition, Definitions, asset,
            build_schedule_from_partitioned_job, define_asset_job,
        )

        days = DailyPartitionsDefinition("2024-01-01")

        @asset(partitions_def=days)
        def sales():
            return 1

        load = define_asset_job("load", selection=[sales], partitions_def=days)
        defs = Definitions(
            [sales], jobs=[load], schedules=[build_schedule_from_partitioned_job(load, name="nightly")],
            sensors=[AutomationConditionSensorDefinition("when_due", target=[sales])],
        )
        """
    )
    pytester.makeini("[pytest]\ndag_definitions = pipeline:defs\npythonpath = .")

    result = pytester.runpytest("--dag-smoke", "-v")

    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["dag-smoke::schedule:nightly PASSED*", "dag-smoke::sensor:when_due PASSED*"])
