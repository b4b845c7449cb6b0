"""Tests of `changed()`, `new()` and `failed()`: the tests of the nodes that differ from the last pass."""

from __future__ import annotations

import sys

import pytest

KITCHEN = """
    from dagflow import asset

    @asset
    def water():
        return 1

    @asset
    def coffee(water):
        return water + 1

    @asset
    def milk():
        return 1

    def everything():
        return [globals()[name] for name in ("water", "coffee")]
"""

TESTS = """
    import kitchen
    from dagflow import materialize_to_memory
    from kitchen import coffee, milk, water

    def test_coffee():
        assert materialize_to_memory([water, coffee]).success

    def test_milk():
        assert milk() < 9

    def test_hidden():
        found = getattr(kitchen, "every" + "thing")()
        assert materialize_to_memory(found).success

    def test_none():
        pass
"""

ALL = ["coffee", "hidden", "milk", "none"]


@pytest.fixture(autouse=True)
def _no_byte_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Import each version of a file: byte code of one second and one size looks current."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create three assets and their tests, and run them; the code of one test does not show its assets."""
    pytester.makepyfile(kitchen=KITCHEN, test_it=TESTS)
    run(pytester)
    return pytester


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in this process; the modules of the project are imported again."""
    return pytester.runpytest_inprocess("-p", "no:randomly", "-v", *arguments)


def passed(result: pytest.RunResult) -> list[str]:
    """Return the tests that passed, without `test_`."""
    return sorted(line.split("::test_")[1].split()[0] for line in result.outlines if " PASSED" in line)


def selected(pytester: pytest.Pytester, expression: str = "changed()", *arguments: str) -> list[str]:
    """Return the tests that an expression selects and that pass."""
    return passed(run(pytester, "--dag-select", expression, *arguments))


def edit(pytester: pytest.Pytester, file: str, old: str, new: str) -> None:
    """Replace a text in a file."""
    path = pytester.path / file
    source = path.read_text(encoding="utf-8")
    assert old in source
    path.write_text(source.replace(old, new), encoding="utf-8")


def test_without_a_record_everything_runs(pytester: pytest.Pytester):
    """The first session runs all tests, says why, and records what the next one compares with."""
    pytester.makepyfile(kitchen=KITCHEN, test_it=TESTS)

    first = run(pytester, "--dag-select", "changed()")
    second = run(pytester, "--dag-select", "changed()")

    assert (passed(first), passed(second)) == (ALL, [])
    first.stdout.fnmatch_lines(
        ["dag-record: none, so all tests count as changed: no session has written one yet"]
    )


def test_nothing_changed_is_a_success(project: pytest.Pytester):
    """The exit code is 0, and the report says that nothing changed. A comment is no change."""
    edit(project, "kitchen.py", "def milk():", "def milk():  # cold")

    result = run(project, "--dag-select", "changed()")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["dag-select: nothing changed, so none of 4 tests runs"])
    assert run(project, "--dag-select", "milk and coffee").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_nothing_changed_is_a_success_under_xdist(project: pytest.Pytester):
    """The controller ends with the exit code of one process."""
    pytest.importorskip("xdist")

    result = project.runpytest_subprocess("-n", "2", "--dag-select", "changed()")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["dag-select: nothing changed, so none of 4 tests runs"])


def test_a_changed_node_selects_its_tests(project: pytest.Pytester):
    """Changed code selects the node, and its descendants only behind a walk."""
    edit(project, "kitchen.py", "return 1\n\n@asset\ndef coffee", "return 3\n\n@asset\ndef coffee")

    assert selected(project, "changed() and not changed()") == []
    assert selected(project, "changed() and coffee") == []
    assert selected(project, "changed()* and coffee") == ["coffee", "hidden"]
    assert selected(project) == []


def test_a_pass_settles_a_change_for_its_test_alone(project: pytest.Pytester):
    """A test that has passed with the change does not run again because another one has not."""
    edit(project, "kitchen.py", "return 1\n\n@asset\ndef coffee", "return 3\n\n@asset\ndef coffee")
    run(project, "-k", "coffee")

    assert selected(project) == ["hidden"]


def test_a_test_that_failed_runs_again(project: pytest.Pytester):
    """A change that broke a test selects the test until it passes; failed() does so alone."""
    edit(project, "test_it.py", "milk() < 9", "milk() > 9")

    for expression in ("changed()", "changed()", "failed()", "changed(config)"):
        result = run(project, "--dag-select", expression)
        result.assert_outcomes(failed=1, deselected=3)
    edit(project, "test_it.py", "milk() > 9", "milk() < 9")
    assert (selected(project, "failed()"), selected(project, "failed()")) == (["milk"], [])


def test_a_new_test_and_a_new_node(project: pytest.Pytester):
    """A new test runs; a new node that no test touches runs nothing."""
    source = (project.path / "test_it.py").read_text(encoding="utf-8")
    kitchen = (project.path / "kitchen.py").read_text(encoding="utf-8")
    project.makepyfile(kitchen=kitchen + "\n@asset\ndef tea():\n    return 1\n")
    assert selected(project) == []
    project.makepyfile(test_it=source + "\ndef test_tea():\n    assert kitchen.tea() == 1\n")

    assert selected(project, "new() and milk") == []
    assert selected(project, "new()") == ["tea"]
    assert (selected(project), selected(project, "new()")) == ([], [])


def test_a_deleted_node_runs_its_tests(project: pytest.Pytester):
    """The tests that passed with a deleted or renamed node run, and the report names the node."""
    for file in ("kitchen.py", "test_it.py"):
        edit(project, file, "milk", "cream")
    edit(project, "test_it.py", "test_cream", "test_milk")

    result = run(project, "--dag-select", "changed()")

    assert passed(result) == ["milk"]
    result.stdout.fnmatch_lines(
        ["dag-select: asset:milk no longer exists; the tests that passed with it run"]
    )


def test_a_file_that_cannot_be_parsed_is_an_error(project: pytest.Pytester):
    """The session ends with the error of the collection, and runs nothing without it."""
    edit(project, "kitchen.py", "return 1", "return (")

    result = run(project, "--dag-select", "changed()")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*SyntaxError*"])


def test_facets_narrow_a_change(project: pytest.Pytester):
    """changed(config) ignores a change of code; several facets unite."""
    edit(project, "kitchen.py", "@asset\ndef milk", "@asset(config_schema={'fat': int})\ndef milk")
    assert selected(project, "changed(partitions, retry)") == []

    result = run(project, "--dag-select", "changed(config)")

    result.assert_outcomes(failed=1, deselected=3)  # a direct call needs the config now


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("changed(confi)", "*expected one of code, config, *Did you mean 'config'[?]"),
        ("changed(", "*expected one of*"),
    ],
)
def test_a_wrong_argument_is_a_usage_error(project: pytest.Pytester, expression: str, message: str):
    """The error names the expression and the nearest facet."""
    result = run(project, "--dag-select", expression)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --dag-select*: {message}"])


def test_changed_has_no_meaning_in_a_marker(project: pytest.Pytester):
    """A marker names the nodes of a test, which do not depend on the record."""
    project.makepyfile(
        test_it="""
        import pytest
        import kitchen

        @pytest.mark.dag_nodes("changed()")
        def test_one():
            pass
        """
    )
    result = run(project, "--dag-explain")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*test_one, declared by dag_nodes: 'changed()': changed() has no meaning here*"]
    )


def test_without_a_cache_everything_runs_each_time(project: pytest.Pytester):
    """Without pytest's cache nothing is kept, and the header says so and what to do."""
    result = run(project, "-p", "no:cacheprovider", "--dag-select", "changed()")

    assert passed(result) == ALL
    result.stdout.fnmatch_lines(
        ["dag-record: none, *pytest's cache is off or has no folder; --dag-record=PATH keeps*"]
    )


SHOP = """
    import functools
    import json
    import pathlib
    from dagflow import asset
    from helpers import Pricing, clean
    from constants import TAX

    RATE = 2
    RULES = {"double": lambda value: value * 2}

    @asset
    def by_constant():
        return 10 * RATE

    @asset
    def by_import():
        return 10 * TAX

    @asset
    def by_method():
        return Pricing().price(3)

    @asset
    def by_attribute():
        return Pricing.discount

    @asset
    def by_helper():
        return clean(" a ")

    @asset
    def by_file():
        return json.loads(pathlib.Path(__file__).with_name("prices.json").read_text())["a"]

    def scaled(name, factor):
        @asset(name=name)
        def made():
            return 10 * factor
        return made

    by_factory = scaled("by_factory", 3)
    by_other_factory = scaled("by_other_factory", 5)

    @asset
    def by_lambda():
        return RULES["double"](4)

    @asset
    def upstream():
        return 1

    @asset
    def downstream(upstream):
        return upstream + 1

    @asset
    def untouched():
        return 7
"""

SHOP_FILES = {
    "helpers": """
        class Pricing:
            discount = 5

            def price(self, number):
                return number * 4

        def clean(text):
            return text.strip()
    """,
    "constants": "TAX = 3\nOTHER = 4\n",
    "conftest": """
        import pytest

        @pytest.fixture
        def cup():
            return 4

        @pytest.fixture
        def saucer():
            return 5
    """,
}

SHOP_TESTS = """
    import shop
    from dagflow import materialize_to_memory

    def value(*assets):
        result = materialize_to_memory(list(assets))
        return result.output_for_node(assets[-1].op.name)

    def test_constant():
        assert value(shop.by_constant)

    def test_import():
        assert value(shop.by_import)

    def test_method():
        assert value(shop.by_method)

    def test_attribute():
        assert value(shop.by_attribute)

    def test_helper():
        assert value(shop.by_helper)

    def test_file():
        assert value(shop.by_file)

    def test_factory():
        assert value(shop.by_factory)

    def test_other_factory():
        assert value(shop.by_other_factory)

    def test_lambda():
        assert value(shop.by_lambda)

    def test_upstream():
        assert value(shop.upstream)

    def test_downstream():
        assert value(shop.upstream, shop.downstream)

    def test_cup(cup):
        assert value(shop.untouched) > cup

    def test_saucer(saucer):
        assert value(shop.untouched) > saucer

    def test_body():
        assert value(shop.untouched) > 1
"""

EDITS = {
    "a module constant": ("shop.py", "RATE = 2", "RATE = 9", "constant"),
    "an imported constant": ("constants.py", "TAX = 3", "TAX = 9", "import"),
    "a method of a helper class": ("helpers.py", "number * 4", "number * 9", "method"),
    "an attribute of a helper class": ("helpers.py", "discount = 5", "discount = 9", "attribute"),
    "a helper": ("helpers.py", "text.strip()", "text.strip() * 2", "helper"),
    "a data file": ("prices.json", "1", "9", "file"),
    "a value closed over by a factory": ("shop.py", '"by_factory", 3', '"by_factory", 9', "factory"),
    "a lambda in a dict": ("shop.py", "value * 2", "value * 9", "lambda"),
    "a fixture": ("conftest.py", "return 4", "return 6", "cup"),
    "the body of a test": ("test_shop.py", "> 1", "> 2", "body"),
    "the body of an asset": ("shop.py", "return 1\n", "return 9\n", "upstream downstream"),
    "an asset that no test touches": (
        "shop.py",
        "@asset\ndef untouched",
        "@asset\ndef more(): ...\n\n@asset\ndef untouched",
        "",
    ),
    "comments and docstrings": (
        "shop.py",
        "    return 10 * RATE",
        '    """Rate."""\n    return 10 * RATE  # twice',
        "",
    ),
}
MAX_TESTS = {"a method of a helper class": 2, "an attribute of a helper class": 2}


@pytest.fixture
def shop(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create twelve assets and fourteen tests, and run them."""
    pytester.makepyfile(shop=SHOP, test_shop=SHOP_TESTS, **SHOP_FILES)
    (pytester.path / "prices.json").write_text('{"a": 1}', encoding="utf-8")
    run(pytester).assert_outcomes(passed=14)
    return pytester


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_runs_the_tests_that_depend_on_it(shop: pytest.Pytester, what: str):
    """Each edit runs the tests whose result it can change, and at most one more."""
    file, old, new, names = EDITS[what]
    edit(shop, file, old, new)

    found = selected(shop)

    assert set(names.split()) <= set(found)
    assert len(found) <= MAX_TESTS.get(what, len(names.split()))
    assert selected(shop) == []
