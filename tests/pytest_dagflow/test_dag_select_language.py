"""Tests of the language of `--dag-select` from outside: the graph of a project, its names and its errors."""

from __future__ import annotations

import re

import pytest

SHOP = """
    from dagflow import (
        Definitions, ScheduleDefinition, asset, asset_check, define_asset_job, definitions, job, op,
        repository, sensor,
    )

    @asset(owners=["team:core"], required_resource_keys={"db"})
    def clay():
        return 2

    @asset
    def brick(clay):
        return clay

    @asset_check(asset=brick)
    def hard():
        return True

    @op
    def serve():
        return 1

    @job
    def cafe():
        serve()

    bricks = define_asset_job("bricks", selection="brick")
    nightly = ScheduleDefinition(name="nightly", job=bricks, cron_schedule="@daily")
    by_name = ScheduleDefinition(name="by_name", job_name="cafe", cron_schedule="@daily")
    of_assets = ScheduleDefinition(name="of_assets", target=[clay], cron_schedule="@daily")

    @sensor(job=cafe)
    def guests():
        return None
"""

DEFS = """
    defs = Definitions(
        [clay, brick], asset_checks=[hard], jobs=[cafe, bricks], schedules=[nightly, by_name, of_assets],
        sensors=[guests], resources={"db": 1, "mail": 2},
    )
"""

TESTS = """
    import parts

    def test_clay(): assert parts.clay
    def test_brick(): assert parts.brick
    def test_hard(): assert parts.hard
    def test_serve(): assert parts.serve
"""

STARTED = {
    "schedule:nightly": "brick hard",
    "schedule:by_name": "serve",
    "schedule:of_assets": "clay",
    "schedule:*n*": "brick hard serve",
    "sensor:guests": "serve",
    "job:cafe, key:clay": "clay serve",
    "check:hard": "hard",
    'resource:db and owner:"team:core"': "clay",
    "(clay or serve)+": "brick clay hard serve",
    "*": "brick clay hard serve",
}


def names_of_passed(result: pytest.RunResult) -> str:
    """Return the sorted names of the tests that passed."""
    return " ".join(sorted(re.findall(r"::test_(\w+) PASSED", result.stdout.str())))


def select(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests of a selection."""
    return pytester.runpytest("-p", "no:randomly", "-v", *arguments)


def usage_error(pytester: pytest.Pytester, *arguments: str) -> str:
    """Return the message of the usage error that ends the session."""
    result = select(pytester, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR, result.stdout.str()
    return result.stderr.str()


@pytest.mark.parametrize(
    "project",
    [
        "defs",
        "lambda: defs",
        "defs.get_repository_def()",
        "repository(name='shop')(lambda: [clay, brick, hard, cafe, bricks, nightly, guests])",
        "[clay, brick, hard, cafe, bricks, nightly, by_name, of_assets, guests]",
        "definitions(lambda: defs)",
    ],
)
def test_a_project_of_any_form_is_selected_from(pytester: pytest.Pytester, project: str) -> None:
    """`dag_definitions` names a Definitions, a function, a repository, a list or a lazy Definitions."""
    source = SHOP + DEFS
    if project.startswith("repository"):  # a list has no resources
        source = SHOP.replace(', required_resource_keys={"db"}', "")
    pytester.makepyfile(parts=f"{source}\n    project = {project}\n", test_it=TESTS)
    pytester.makeini("[pytest]\ndag_definitions = parts:project\npythonpath = .")

    both = select(pytester, "--dag-select", "schedule:nightly", "--dag-select", "sensor:guests")

    assert names_of_passed(both) == "brick hard serve"


@pytest.mark.parametrize("where", ["test_it", "conftest"])
def test_a_definitions_object_counts_with_all_that_it_holds(pytester: pytest.Pytester, where: str) -> None:
    """A Definitions in a test module brings jobs, schedules, sensors, checks and resources."""
    pytester.makepyfile(parts=SHOP + DEFS, test_it=TESTS)
    file = pytester.path / f"{where}.py"
    file.write_text("from parts import defs\n" + (file.read_text() if file.exists() else ""))

    for expression, names in STARTED.items():
        assert names_of_passed(select(pytester, "--dag-select", expression)) == names, expression
    unused = select(pytester, "--dag-select", "resource:mail")
    unused.stdout.fnmatch_lines(["dag-select: 'resource:mail' matches no node"])


def test_schedules_beside_their_assets_are_selected_without_a_project(pytester: pytest.Pytester) -> None:
    """A module that names definitions without a Definitions is a project too."""
    pytester.makepyfile(parts=SHOP, test_it="from parts import *\n" + "\n".join(TESTS.split("\n    ")))

    for expression, names in STARTED.items():
        assert names_of_passed(select(pytester, "--dag-select", expression)) == names, expression


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("schedule:nihgtly", "no node has schedule 'nihgtly'. Did you mean 'nightly'?"),
        ("sensor:gests", "no node has sensor 'gests'. Did you mean 'guests'?"),
        ("resource:mal", "no node has resource 'mal'. Did you mean 'mail'?"),
        ("graph:cafee", "no node has graph 'cafee'. No node here has the attribute 'graph'."),
        ("check:hrad", "no node has check 'hrad'. Did you mean 'hard'"),
        ("cafe", "no node is called 'cafe'. Did you mean job:cafe?"),
        ("*guests", "no node is called 'guests'. Did you mean sensor:guests?"),
        ("cla*", "no node is called 'cla'. For a glob, write 'key:cla*'."),
        ("serv*", "no node is called 'serv'. For a glob, write 'op:serv*'."),
        ("c*y", 'A glob is written key:"c*y"'),
        ("rots(clay)", "before '('. Did you mean 'roots'?"),
        ("changed(cod)", "or since=\"...\". Did you mean 'code'?"),
        ("untested()", "untested() has no tests that could run: add --dag-explain"),
        ("9999999999+key:clay", "a number of at most 9 digits"),
        ("(" * 10_000 + "clay" + ")" * 10_000, "no more than 50 levels"),
    ],
)
def test_a_mistake_is_a_usage_error(pytester: pytest.Pytester, expression: str, message: str) -> None:
    """The message says what is wrong, and what to write."""
    pytester.makepyfile(
        parts=SHOP + DEFS, test_it="from parts import defs\n" + "\n".join(TESTS.split("\n    "))
    )

    error = usage_error(pytester, "--dag-select", expression)

    assert message in error
    assert "Traceback" not in error


def test_a_mistake_is_shown_in_its_place(pytester: pytest.Pytester) -> None:
    """The error shows the part of a long text around the mistake, and the caret under wide characters."""
    pytester.makepyfile(test_it="def test_it(): ...")
    long = " or ".join(["clay"] * 1000) + " or !"

    assert re.search(
        r"\n    \.\.\.(clay or |[clay or]* ){5,}!\n +\^", usage_error(pytester, "--dag-select", long)
    )
    assert "\n    日本 !\n         ^" in usage_error(pytester, "--dag-select", "日本 !")


def test_the_explanation_has_the_walks_in_words(pytester: pytest.Pytester) -> None:
    """`+` at a name is one level, and at an attribute all levels: `--dag-explain` spells it out."""
    pytester.makepyfile(parts=SHOP, test_it="from parts import *\n" + "\n".join(TESTS.split("\n    ")))

    result = select(pytester, "--dag-explain", "--dag-select", "clay+ and key:brick+")
    plain = select(pytester, "--dag-explain", "--dag-select", "clay")

    result.stdout.fnmatch_lines(
        [
            "dag-select: 'clay+ and key:brick+' means (clay and 1 level downstream) and (key:brick and all "
            "downstream)"
        ]
    )
    plain.stdout.no_fnmatch_line("*means*")


def test_untested_nodes_are_named_with_the_explanation(pytester: pytest.Pytester) -> None:
    """`untested()` is the set of nodes that no test touches."""
    pytester.makepyfile(
        parts=SHOP + DEFS, test_it="import parts\nfrom parts import defs\ndef test_it(): parts.clay"
    )

    result = select(pytester, "--dag-explain", "--dag-select", "untested() and not check:*")

    result.stdout.fnmatch_lines(
        ["dag-select: 2 nodes, 0 of 1 test", "dag-select: no test touches brick, serve"]
    )


def test_a_name_that_is_a_keyword(pytester: pytest.Pytester) -> None:
    """A node may have the name of a keyword or function: alone, or in quotes; a function name needs none."""
    pytester.makepyfile(
        """
        from dagflow import AssetSpec

        every = [AssetSpec(name) for name in ("not", "all", "failed")]
        _not, _all, _failed = every

        def test_not(): assert _not
        def test_all(): assert _all
        def test_failed(): assert _failed
        """
    )

    expected = {
        "not": "not",
        "all": "all",
        "failed": "failed",
        '"not" or failed': "failed not",
        "not all": "failed not",
    }
    for expression, names in expected.items():
        assert names_of_passed(select(pytester, "--dag-select", expression)) == names, expression
