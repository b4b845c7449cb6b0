"""Tests of `--dag-select`: the tests that touch a part of the graph."""

from __future__ import annotations

import pytest

KITCHEN = """
    from dagflow import asset, job, op

    @asset(group_name="drinks", tags={"team": "bar"})
    def water():
        return 1

    @asset
    def coffee(water):
        return water + 1

    @asset
    def tea(water):
        return water + 2

    @op
    def grind():
        return 1

    @op
    def brew(beans):
        return beans

    @job
    def breakfast():
        brew(grind())

    ALL = [water, coffee]
"""

TESTS = """
    import pytest
    import kitchen
    from kitchen import ALL, brew, breakfast, coffee, water

    def helper():
        return coffee

    def deep():
        return helper()

    @pytest.fixture
    def cup():
        return coffee

    @pytest.fixture
    def mug(cup):
        return cup

    class TestMethods:
        def test_method(self):
            assert water is not None

    def test_global():
        assert water is not None

    def test_chain():
        assert kitchen.tea is not None

    def test_container():
        assert ALL

    def test_helper():
        assert helper() is not None

    def test_fixture(mug):
        assert mug is not None

    @pytest.mark.parametrize("node", [water, coffee], ids=["water", "coffee"])
    def test_parameter(node):
        assert node is not None

    def test_inner():
        def inner():
            return [coffee for _ in range(2)]
        assert inner()

    def test_import():
        from kitchen import tea
        assert tea is not None

    def test_job():
        assert breakfast is not None

    def test_op():
        assert brew is not None

    def test_nothing():
        pass
"""


@pytest.fixture
def kitchen(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create three assets, a job of two ops, and a test for each way to refer to them."""
    pytester.makepyfile(kitchen=KITCHEN, test_kitchen=TESTS)
    return pytester


def selected(project: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the names of the tests that passed, without `test_`."""
    result = project.runpytest("-p", "no:randomly", "-v", *arguments)
    assert result.ret == 0, str(result.stdout) + str(result.stderr)
    passed = (line for line in result.outlines if " PASSED" in line)
    return sorted(line.partition(" ")[0].rpartition("test_")[2] for line in passed)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("water", "method global container parameter[water]"),
        ("coffee", "container helper fixture inner parameter[coffee]"),
        ("tea", "chain import"),
        (
            "water*",
            "method global chain container helper fixture inner import parameter[coffee] parameter[water]",
        ),
        ("*tea", "method global chain container import parameter[water]"),
        ("group:drinks", "method global container parameter[water]"),
        ("tag:team=bar", "method global container parameter[water]"),
        ("tag:team=*", "method global container parameter[water]"),
        ('group:"dr*"', "method global container parameter[water]"),
        ("key:te*, op:grind", "chain import job"),
        ("+key:tea and not 0+key:tea", "method global container parameter[water]"),
        ("(water)+ and not water", "chain container helper fixture inner import parameter[coffee]"),
        ("sinks(water*) and not tea", "container helper fixture inner parameter[coffee]"),
        ("key:t*", "chain import"),
        ("job:breakfast", "job op"),
        ("op:brew", "job op"),
        ("grind", "job"),
        ("tea, grind", "chain import job"),
    ],
)
def test_the_tests_that_touch_a_node_run(kitchen: pytest.Pytester, expression: str, names: str):
    """A test is linked to the nodes that its code, fixtures, helpers and parameters refer to."""
    assert selected(kitchen, "--dag-select", expression) == sorted(names.split())


def test_repeated_selections_unite(kitchen: pytest.Pytester):
    """Two options select the union."""
    assert selected(kitchen, "--dag-select", "tea", "--dag-select", "grind") == ["chain", "import", "job"]


def test_it_composes_with_the_selections_of_pytest(kitchen: pytest.Pytester):
    """`-k` and the selection intersect."""
    assert selected(kitchen, "--dag-select", "tea", "-k", "chain or job") == ["chain"]


def test_the_report_shows_the_selection(kitchen: pytest.Pytester):
    """The header has the expression, the line after the collection has the numbers."""
    result = kitchen.runpytest("--dag-select", "water*")

    result.stdout.fnmatch_lines(["dag-select: water[*]", "dag-select: 3 nodes, 10 of 13 tests"])
    result.assert_outcomes(passed=10, deselected=3)


def test_without_a_selection_nothing_is_said(kitchen: pytest.Pytester):
    """The plugin prints nothing in a session without its options."""
    result = kitchen.runpytest()

    result.assert_outcomes(passed=13)
    result.stdout.no_fnmatch_line("*dag-select*")


def test_an_unknown_node_is_a_usage_error(kitchen: pytest.Pytester):
    """The message contains similar names."""
    result = kitchen.runpytest("--dag-select", "cofee")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --dag-select 'cofee': no node is called 'cofee'. Did you mean 'coffee'?"]
    )


def test_a_text_that_cannot_be_read_is_a_usage_error(kitchen: pytest.Pytester):
    """The message shows the position, and no test is collected."""
    result = kitchen.runpytest("--dag-select", "water and")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --dag-select: cannot read*expected*", "    water and", "             ^"]
    )
    result.stdout.no_fnmatch_line("*collected*")


@pytest.mark.parametrize(
    ("expression", "form"),
    [("2+tea", "'++tea'"), ("tea+1", "'+'"), ("++key:tea", "'2+' for 2 levels"), ("key:tea++", "'+2'")],
)
def test_a_walk_in_the_wrong_form_is_a_usage_error(kitchen: pytest.Pytester, expression: str, form: str):
    """The message shows the right form."""
    result = kitchen.runpytest("--dag-select", expression)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --dag-select: cannot read the selection: expected *{form}*"])


def test_a_key_that_is_a_node_too_is_a_usage_error(pytester: pytest.Pytester):
    """The message names the attributes that tell them apart."""
    pytester.makepyfile(
        kitchen=KITCHEN
        + """
    @asset(name="brew")
    def brewed():
        return 1
""",
        test_it="from kitchen import *\ndef test_it(): ...",
    )

    result = pytester.runpytest("--dag-select", "brew+")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *'brew' is the key of an asset*Write 'key:brew' or 'op:brew'."])


def test_nodes_that_no_test_touches_are_named(kitchen: pytest.Pytester):
    """A selection that no test touches ends with the exit code for no tests."""
    kitchen.makepyfile(test_kitchen="from kitchen import coffee, tea, water\ndef test_one(): assert tea")

    result = kitchen.runpytest("--dag-select", "water, coffee")

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(
        ["dag-select: 2 nodes, 0 of 1 test", "dag-select: no test touches coffee, water"]
    )


def test_a_file_that_does_not_import_comes_first(kitchen: pytest.Pytester):
    """An import error is reported first, because the file may define the unknown node."""
    kitchen.makepyfile(test_broken="import no_such_module")

    result = kitchen.runpytest("--dag-select", "juice")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*No module named 'no_such_module'*"])


def test_two_definitions_of_one_name_are_two_nodes(pytester: pytest.Pytester):
    """A name selects all nodes of that name, of any module."""
    source = """
        from dagflow import asset

        @asset
        def water():
            return 1

        def test_it():
            assert water is not None
    """
    pytester.makepyfile(test_one=source, test_two=source)

    result = pytester.runpytest("--dag-select", "water")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["dag-select: 2 nodes, 2 of 2 tests"])


NESTED = """
    from dagflow import graph, job, op

    @op
    def grind():
        return 1

    @op
    def brew(beans):
        return beans

    @graph
    def machine():
        return brew(grind())

    @op
    def serve(cup):
        return cup

    @job
    def breakfast():
        serve(machine())

    @job
    def dinner():
        brew(grind())

    def test_breakfast():
        assert breakfast

    def test_dinner():
        assert dinner

    def test_machine():
        assert machine

    def test_grind():
        assert grind

    def test_serve():
        assert serve
"""


@pytest.mark.parametrize(
    ("expression", "nodes", "names"),
    [
        ("machine", 3, "breakfast grind machine"),
        ("machine+", 4, "breakfast grind machine serve"),
        ("machine.grind", 1, "breakfast grind machine"),
        ("machine.grind+", 2, "breakfast grind machine"),
        ("serve", 1, "breakfast serve"),
        ("+serve", 4, "breakfast grind machine serve"),
        ("job:dinner", 2, "dinner grind"),
        ("op:grind and job:breakfast", 1, "breakfast grind machine"),
        ("graph:machine and not op:brew", 2, "breakfast grind machine"),
        ("serve and not job:breakfast", 0, ""),
    ],
)
def test_nested_nodes_are_selected(pytester: pytest.Pytester, expression: str, nodes: int, names: str):
    """A test of a job or graph touches all nodes inside; a test of an op touches each of its nodes."""
    pytester.makepyfile(NESTED)

    result = pytester.runpytest("-p", "no:randomly", "-v", "--dag-select", expression)

    passed = sorted(line.split("::test_")[1].split()[0] for line in result.outlines if " PASSED" in line)
    assert passed == names.split()
    result.stdout.fnmatch_lines([f"dag-select: {nodes} node*"])


def test_a_conftest_names_nodes_too(pytester: pytest.Pytester):
    """Definitions in a conftest are in the graph, and its fixtures link the tests that use them."""
    pytester.makepyfile(kitchen=KITCHEN)
    pytester.makeconftest(
        """
        import pytest
        from kitchen import tea, water

        @pytest.fixture
        def cup():
            return tea
        """
    )
    pytester.makepyfile("def test_cup(cup): assert cup\ndef test_none(): pass")

    assert selected(pytester, "--dag-select", "water*") == ["cup"]


class TestUnderXdist:
    """The controller collects nothing, and ends with the exit code of a single process."""

    @pytest.fixture(autouse=True)
    def _needs_xdist(self):
        pytest.importorskip("xdist")

    def test_the_selected_tests_run(self, kitchen: pytest.Pytester):
        """The summary has the numbers, which are unknown when the header is printed."""
        result = kitchen.runpytest_subprocess("-n", "2", "--dag-select", "tea")

        result.assert_outcomes(passed=2)
        result.stdout.fnmatch_lines(["dag-select: tea", "dag-select: 1 node, 2 of 13 tests"])

    def test_an_unknown_node_is_a_usage_error(self, kitchen: pytest.Pytester):
        """The workers find the error, and the controller prints it."""
        result = kitchen.runpytest_subprocess("-n", "2", "--dag-select", "cofee")

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["ERROR: --dag-select 'cofee': no node is called*Did you mean 'coffee'?"])

    def test_a_text_that_cannot_be_read_is_a_usage_error(self, kitchen: pytest.Pytester):
        """An invalid expression ends the session before a worker starts."""
        result = kitchen.runpytest_subprocess("-n", "2", "--dag-select", "tea or")

        assert result.ret == pytest.ExitCode.USAGE_ERROR

    def test_nodes_that_no_test_touches_are_named(self, kitchen: pytest.Pytester):
        """The session ends without tests and prints the names of the nodes."""
        kitchen.makepyfile(test_kitchen="from kitchen import tea, water\ndef test_one(): assert tea")

        result = kitchen.runpytest_subprocess("-n", "2", "--dag-select", "water")

        assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
        result.stdout.fnmatch_lines(["dag-select: no test touches water"])


@pytest.mark.parametrize("option", ["--dag-select", "--dag-exclude", "--dag-explain"])
def test_doctests_and_items_of_plugins_are_items(pytester: pytest.Pytester, option: str):
    """A doctest is tied to the nodes that its examples name. An item without code has no ties."""
    pytester.makepyfile(
        kitchen=KITCHEN,
        test_it="from kitchen import water\ndef test_it():\n    '>>> water is None'",
    )
    pytester.maketxtfile(
        test_page=">>> from kitchen import water\n>>> import kitchen\n>>> bool(kitchen.tea)\nTrue",
        test_broken=">>> this is no code",
        test_other=">>> 1 + 1\n2",
    )
    pytester.makeconftest(
        """
        import pytest

        class Own(pytest.Item):
            def runtest(self): ...

        class File(pytest.File):
            def collect(self):
                yield Own.from_parent(self, name="own")

        def pytest_collect_file(file_path, parent):
            if file_path.name == "test_other.txt":
                return File.from_parent(parent, path=file_path)
        """
    )

    arguments = [option] if option == "--dag-explain" else [option, "tea"]
    result = pytester.runpytest("--doctest-modules", *arguments, "-v")

    tests = {"test_page.txt::test_page.txt PASSED": True, "test_other.txt::own PASSED": False}
    for line, touches_tea in tests.items():
        is_kept = {"--dag-select": touches_tea, "--dag-exclude": not touches_tea}.get(option, True)
        assert (line in result.stdout.str()) is is_kept
    assert result.ret == (1 if "test_broken.txt" in result.stdout.str() else 0)


JOB_OF_ASSETS = """
from dagflow import AssetCheckResult, asset, asset_check, define_asset_job, materialize_to_memory

@asset
def beans():
    return 1

@asset_check(asset=beans)
def dry(beans):
    return AssetCheckResult(passed=True)

@asset
def cup(beans):
    return beans

morning = define_asset_job("morning", selection="cup")

def test_beans():
    materialize_to_memory([beans, dry])

def test_morning():
    assert morning.name == "morning"
"""


@pytest.mark.parametrize(
    ("expression", "tests"),
    [
        ("job:morning", ["test_morning"]),
        ("cup", ["test_morning"]),
        ("beans", ["test_beans"]),
        ('check:"beans:dry"', ["test_beans"]),
        ("beans_dry", ["test_beans"]),
    ],
)
def test_a_module_with_assets_and_a_job_of_them(pytester: pytest.Pytester, expression: str, tests: list[str]):
    """The job selects from the assets beside it, which are one node each."""
    pytester.makepyfile(JOB_OF_ASSETS)

    result = pytester.runpytest("-v", "--dag-select", expression)

    result.assert_outcomes(passed=len(tests), deselected=2 - len(tests))
    assert all(f"{name} PASSED" in result.stdout.str() for name in tests)


@pytest.mark.parametrize(
    ("option", "tests"),
    [
        ("job:morning", ["test_schedule", "test_sensor"]),
        ("cup", ["test_schedule", "test_sensor"]),
        ("beans", ["test_target"]),
    ],
)
def test_a_schedule_or_sensor_is_about_its_job(pytester: pytest.Pytester, option: str, tests: list[str]):
    """A test of a tick touches the nodes of the jobs that the tick may start, if the jobs are given."""
    pytester.makepyfile(
        JOB_OF_ASSETS.partition("def test_beans")[0]
        + """
from dagflow import ScheduleDefinition, sensor

daily = ScheduleDefinition(job=morning, cron_schedule="@daily")
on_beans = ScheduleDefinition("on_beans", target=[beans], cron_schedule="@daily")
by_name = ScheduleDefinition(name="by_name", job_name="elsewhere", cron_schedule="@daily")

@sensor(jobs=[morning])
def watch(): ...

def test_schedule():
    assert daily.cron_schedule

def test_sensor():
    assert watch.name

def test_target():
    assert on_beans.name

def test_name():
    assert by_name.name
"""
    )

    result = pytester.runpytest("-v", "--dag-select", option, "--dag-unknown=drop")

    result.assert_outcomes(passed=len(tests), deselected=4 - len(tests))
    assert all(f"{name} PASSED" in result.stdout.str() for name in tests)


def test_a_check_without_its_attribute(pytester: pytest.Pytester):
    """The key of a check alone is an error with the right form."""
    pytester.makepyfile(JOB_OF_ASSETS)

    result = pytester.runpytest("--dag-select", "beans:dry")

    result.stderr.fnmatch_lines(["*before ':'. A check is written check:\"beans:dry\""])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("group:drnks", "no node has group 'drnks'. Did you mean 'drinks'?"),
        ("tag:team=typo", "no node has tag 'team=typo'. *'team=bar'*"),
        ("tag:tem", "no node has tag 'tem'. Did you mean 'team'*"),
        ("tag:team", "no node has tag 'team' with an empty value. There is 'team=bar'. *'tag:team=[*]'."),
        (
            "owner:core",
            "no node has owner 'core'. There is 'team:core-data'. Write it *: owner:\"team:core-data\".",
        ),
        ("owner:teamcore_data", "*'. Did you mean 'team:core-data'? Write it *: owner:\"team:core-data\"."),
        ("kind:dbtt", "no node has kind 'dbtt'. Did you mean 'dbt'?"),
        ("job:brekfast", "no node has job 'brekfast'. Did you mean 'breakfast'?"),
        ("resource:bd", "no node has resource 'bd'. There is 'db'."),
        ("key:wter", "no node has key 'wter'. Did you mean 'water'?"),
        ("check:wet", "no node has check 'wet'. No node here has the attribute 'check'."),
        ("breakfast", "no node is called 'breakfast'. Did you mean job:breakfast?"),
        ("coff*", "no node is called 'coff'. *"),
        ("w*", "no node is called 'w'. For a glob, write 'key:w[*]'."),
    ],
)
def test_an_unknown_value_of_any_attribute_is_a_usage_error(
    pytester: pytest.Pytester, expression: str, message: str
):
    """The error has the nearest values, or all of them, for every attribute."""
    pytester.makepyfile(
        kitchen=KITCHEN
        + """
    @asset(owners=["team:core-data"], kinds={"dbt"}, required_resource_keys={"db"})
    def table():
        return 1
""",
        test_it="from kitchen import *\ndef test_it(): ...",
    )

    for option in ("--dag-select", "--dag-exclude"):
        result = pytester.runpytest(option, expression)

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: {option} '{expression.replace('*', '[*]')}': {message}"])


def test_a_glob_that_matches_nothing_is_told(pytester: pytest.Pytester):
    """A glob may match no node, which is not an error, and never silent."""
    pytester.makepyfile(kitchen=KITCHEN, test_it="from kitchen import water\ndef test_it(): assert water")

    selected = pytester.runpytest("--dag-select", "group:dring*")
    excluded = pytester.runpytest("--dag-exclude", "group:dring*")

    selected.stdout.fnmatch_lines(["dag-select: 'group:dring[*]' matches no node"])
    excluded.stdout.fnmatch_lines(["dag-exclude: 'group:dring[*]' matches no node"])
    assert (selected.ret, excluded.ret) == (pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.OK)


def test_each_test_of_a_session_fixture_is_tied_to_its_nodes(pytester: pytest.Pytester):
    """The record ties the nodes of a session fixture to all tests that use it, not only to the first one."""
    pytester.makepyfile(
        """
        import pytest
        from dagflow import asset, materialize_to_memory

        @asset
        def water(): ...

        @pytest.fixture(scope="session")
        def run():
            return materialize_to_memory([globals()["water"]])

        def test_first(run): ...
        def test_second(run): ...
        def test_other(): ...
        """
    )
    pytester.runpytest().assert_outcomes(passed=3)

    assert selected(pytester, "--dag-select", "water") == ["first", "second"]
