"""Tests of the marker `dag_nodes`, which declares the nodes of a test."""

from __future__ import annotations

import pytest

PIPELINE = """
    from dagflow import asset

    @asset
    def water():
        return 1

    @asset
    def coffee(water):
        return water + 1

    @asset
    def milk():
        return 2
"""


@pytest.fixture
def select(pytester: pytest.Pytester):
    """Run a test file and a pipeline of three assets, with a selection."""
    pytester.makepyfile(kitchen=PIPELINE)
    pytester.makeconftest("from kitchen import water, coffee, milk")

    def run(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_kitchen=tests)
        return pytester.runpytest("-p", "no:randomly", "--strict-markers", "-v", *arguments)

    return run


TESTS = """
    import pytest
    from kitchen import coffee, milk

    @pytest.mark.dag_nodes("water")
    def test_name():
        pass

    @pytest.mark.dag_nodes(milk)
    def test_definition():
        pass

    @pytest.mark.dag_nodes("water*")
    def test_expression():
        pass

    def test_nothing():
        pass
"""


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("water", ["name", "expression"]),
        ("coffee", ["expression"]),
        ("milk", ["definition"]),
        ("*", ["name", "definition", "expression"]),
    ],
)
def test_a_test_is_about_the_nodes_it_names(select, expression: str, names: list[str]):
    """Names, definitions and expressions link a test to nodes."""
    result = select(TESTS, "--dag-select", expression)

    result.assert_outcomes(passed=len(names), deselected=4 - len(names))
    result.stdout.fnmatch_lines([f"*::test_{name} PASSED*" for name in names])


def test_the_marker_may_stand_at_a_class_and_a_module(select):
    """The nodes of the markers of all levels are united."""
    tests = """
        import pytest

        pytestmark = pytest.mark.dag_nodes("milk")

        @pytest.mark.dag_nodes("water")
        class TestKitchen:
            @pytest.mark.dag_nodes("coffee")
            def test_one(self):
                pass
    """
    for name in ("milk", "water", "coffee"):
        select(tests, "--dag-select", name).assert_outcomes(passed=1)


def test_an_unknown_name_is_a_usage_error_that_names_the_test(select):
    """An unknown node in a marker is an error when a selection resolves it."""
    tests = """
        import pytest

        @pytest.mark.dag_nodes("watr")
        def test_one():
            pass
    """
    result = select(tests, "--dag-select", "water")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_one*dag_nodes*'watr'*Did you mean 'water'?*"])


def test_what_is_no_node_is_a_usage_error(select):
    """Only strings and definitions name nodes."""
    tests = """
        import pytest

        @pytest.mark.dag_nodes(7)
        def test_one():
            pass
    """
    result = select(tests, "--dag-select", "water")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *test_one, declared by dag_nodes: *not 7*"])


def test_the_bare_marker_is_refused(pytester: pytest.Pytester):
    """A marker without parentheses has no nodes."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.dag_nodes
        def test_one():
            pass
        """
    )
    result = pytester.runpytest()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*::test_one: marker dag_nodes: missing a node*"])


@pytest.mark.parametrize("arguments", ["", "node='water'"])
def test_wrong_arguments_are_shown_with_the_usage(pytester: pytest.Pytester, arguments: str):
    """No node or an unknown keyword is an error at collection, even without a selection."""
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.dag_nodes({arguments})
        def test_one():
            pass
        """
    )
    result = pytester.runpytest()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*::test_one: marker dag_nodes:*", "usage: dag_nodes(*names_or_definitions*)"]
    )


def test_the_marker_explains_itself(pytester: pytest.Pytester):
    """`--markers` shows the signature."""
    result = pytester.runpytest("--markers")

    result.stdout.fnmatch_lines(
        ["@pytest.mark.dag_nodes([*]names_or_definitions_or_expressions): Link the test*"]
    )


def test_nodes_may_be_in_lists(select):
    """A list or a generator of nodes counts as its elements; another value is named."""
    tests = """
        import pytest
        from kitchen import milk

        @pytest.mark.dag_nodes([milk, "water"])
        def test_list(): ...

        @pytest.mark.dag_nodes(node for node in ["coffee", milk])
        def test_generator(): ...
    """
    select(tests, "--dag-select", "milk").assert_outcomes(passed=2)
    select(tests, "--dag-select", "water").assert_outcomes(passed=1, deselected=1)

    result = select(tests.replace('"water"', "b'water'"), "--dag-select", "milk")
    result.stderr.fnmatch_lines(["ERROR: *test_list, declared by dag_nodes: *not b'water'*"])


def test_it_works_in_every_form_that_a_marker_has(select):
    """In `pytestmark`, through `with_args`, on functions, classes, TestCases and parameters."""
    tests = """
        import unittest
        import pytest
        from kitchen import milk

        pytestmark = [pytest.mark.dag_nodes("water")]
        about_milk = pytest.mark.dag_nodes.with_args(milk)
        about_coffee = pytest.mark.dag_nodes("coffee")

        @about_milk
        def test_with_args(): ...

        @about_milk
        class TestCase(unittest.TestCase):
            def test_in_class(self): ...

        class TestOther(unittest.TestCase):
            @about_milk
            def test_method(self): ...

            def test_none(self): ...

        class TestPlain:
            @about_milk
            @staticmethod
            def test_static(): ...

        @pytest.mark.parametrize(
            "n",
            [
                pytest.param(1, marks=pytest.mark.dag_nodes(milk), id="one"),
                pytest.param(2, marks=[about_milk, about_coffee], id="two"),
                pytest.param(3, marks=about_coffee, id="three"),
            ],
        )
        def test_param(n): ...
    """
    names = ["with_args", "in_class", "method", "static", "param[[]one[]]", "param[[]two[]]"]

    result = select(tests, "--dag-select", "milk")

    result.assert_outcomes(passed=len(names), deselected=2)
    result.stdout.fnmatch_lines_random([f"*test_{name} PASSED*" for name in names])
    select(tests, "--dag-select", "water").assert_outcomes(passed=len(names) + 2)


PARAMETER = """
@pytest.mark.parametrize('n', [pytest.param(1, marks=pytest.mark.{})])
def test_one(n): ...
"""


@pytest.mark.parametrize(
    "body",
    [
        "pytestmark = pytest.mark.dag_nodes\ndef test_one(): ...",
        "pytestmark = [pytest.mark.dag_nodes]\ndef test_one(): ...",
        "class TestIt:\n    pytestmark = pytest.mark.dag_nodes\n    def test_one(self): ...",
        PARAMETER.format("dag_nodes"),
        PARAMETER.format("dag_nodes()"),
        "import unittest as u\n@pytest.mark.dag_nodes\nclass T(u.TestCase):\n    def test_one(self): ...",
        "class TestIt:\n    @pytest.mark.dag_nodes\n    @staticmethod\n    def test_one(): ...",
    ],
)
def test_the_bare_marker_is_refused_everywhere(pytester: pytest.Pytester, body: str):
    """The error is that of the marker: it has no nodes. The test is not lost."""
    pytester.makepyfile(f"import pytest\n{body}")

    result = pytester.runpytest()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*::test_one*: marker dag_nodes: missing a node*", "usage: dag_nodes(*"])


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("dag_partition(day)", "'dag_partition' is not a marker. Did you mean dag_partitions?"),
        ("dag_partition", "'dag_partition' is not a marker. Did you mean dag_partitions?"),
        ("dag_node.with_args(day)", "'dag_node' is not a marker. Did you mean dag_nodes?"),
        ("dagnodes(day)", "'dagnodes' is not a marker. Did you mean dag_nodes?"),
    ],
)
def test_a_misspelt_marker_is_an_error(pytester: pytest.Pytester, marker: str, message: str):
    """The error has the line, the nearest marker and its usage, instead of one about a call of the asset."""
    pytester.makepyfile(
        f"""
        import pytest
        from dagflow import StaticPartitionsDefinition, asset

        @asset(partitions_def=StaticPartitionsDefinition(["a"]))
        def day(context): ...

        @pytest.mark.{marker}
        def test_one(): ...
        """
    )

    result = pytester.runpytest("-W", "error")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"test_a_misspelt*.py:7: {message}", "usage: dag_*"])
    result.stdout.no_fnmatch_line("*context*")


def test_a_marker_of_the_project_may_have_a_similar_name(pytester: pytest.Pytester):
    """Registered markers are no mistakes; names without likeness are left to pytest."""
    pytester.makeini("[pytest]\nmarkers =\n    dag_node: of the project")
    pytester.makeconftest(
        """
        def pytest_configure(config):
            config.addinivalue_line("markers", "dag_partition(x): of a conftest")
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.dag_node
        @pytest.mark.dag_partition(1)
        def test_one(): ...

        @pytest.mark.dag_slow
        def test_two(): ...
        """
    )

    result = pytester.runpytest("-W", "default")

    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*PytestUnknownMarkWarning: Unknown pytest.mark.dag_slow*"])


def test_the_warning_about_an_unknown_marker_has_the_line_of_the_test(pytester: pytest.Pytester):
    """Its place is the test file, as without this plugin, and a filter can turn it into an error."""
    pytester.makepyfile("import pytest\n@pytest.mark.slwo\ndef test_one(): ...")

    pytester.runpytest("-W", "default").stdout.fnmatch_lines(["*test_the_warning*.py:2: PytestUnknownMark*"])
    result = pytester.runpytest("-W", "error::pytest.PytestUnknownMarkWarning")

    result.assert_outcomes(errors=1)
