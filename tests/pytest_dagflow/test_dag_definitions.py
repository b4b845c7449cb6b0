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
    result.stdout.fnmatch_lines(["*::test_it: kept: water (linked by a plugin); coffee (*"])
