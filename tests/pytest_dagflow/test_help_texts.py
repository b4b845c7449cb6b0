"""Tests of `pytest --fixtures`, `--markers` and `--help`, which explain each name of the plugin."""

from __future__ import annotations

import inspect
import re

import pytest

from pytest_dagflow.fixtures import declared
from pytest_dagflow.fixtures.binding import CONTEXT_BUILDERS
from pytest_dagflow.markers import registry

FIXTURES = {
    *CONTEXT_BUILDERS,
    "dag_clock",
    "dag_definitions",
    "dag_events",
    "dag_faults",
    "dag_instance",
    "dag_local_instance",
    "dag_resources",
    "dag_run",
    "dag_sandbox",
    "dag_stub",
    "execute_in_process",
    "materialize",
    "materialize_to_memory",
    "module_dag_instance",
    "partition_key",
    "session_dag_instance",
}
OPTIONS = {
    "--dag-cov",
    "--dag-cov-base",
    "--dag-cov-fail-new",
    "--dag-cov-fail-under",
    "--dag-cov-from",
    "--dag-cov-lines",
    "--dag-cov-report",
    "--dag-exclude",
    "--dag-explain",
    "--dag-first",
    "--dag-mutate",
    "--dag-mutate-fail-under",
    "--dag-mutate-report",
    "--dag-mutate-timeout",
    "--dag-record",
    "--dag-record-from",
    "--dag-select",
    "--dag-shadow",
    "--dag-unknown",
}
MARKERS = {
    "dag_always",
    "dag_config",
    "dag_env",
    "dag_executors",
    "dag_nodes",
    "dag_partitions",
    "dag_real_time",
}


def explained(lines: list[str]) -> dict[str, list[str]]:
    """Return the lines of explanation after each name, by name."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        start = re.match(r"(\w+)( \[\w+ scope\])? -- \S*fixtures[/\\]\w+\.py:\d+", line)
        if start:
            current = found.setdefault(start[1], [])
        elif line.startswith("    "):
            current.append(line.strip())
        elif line:
            current = []
    return found


def test_each_fixture_is_explained(pytester: pytest.Pytester):
    """Each fixture has at least a sentence, and each factory its parameters."""
    result = pytester.runpytest("--fixtures")

    found = {name: lines for name, lines in explained(result.outlines).items() if name in FIXTURES}
    assert set(found) == FIXTURES
    assert not [name for name, lines in found.items() if len(" ".join(lines)) < 40]
    assert "no docstring available" not in [line for lines in found.values() for line in lines]


@pytest.mark.parametrize("name", [*CONTEXT_BUILDERS, "materialize_to_memory", "materialize"])
def test_the_text_of_a_factory_names_the_parameters_that_there_are(name: str):
    """The docstring lists every parameter of the public function."""
    import dagflow

    text = " ".join((inspect.getdoc(vars(declared)[name]) or "").split())
    parameters = ", ".join(inspect.signature(getattr(dagflow, name)).parameters)

    if name == "materialize":
        assert "as `materialize_to_memory`" in text
    else:
        assert f"{name}({parameters})" in text


def test_the_text_of_execute_in_process_names_the_parameters_of_a_job():
    """A job has more parameters than a graph."""
    from dagflow import JobDefinition

    text = " ".join((inspect.getdoc(declared.execute_in_process) or "").split())
    _, *parameters = inspect.signature(JobDefinition.execute_in_process).parameters

    assert f"execute_in_process(job_or_graph_or_name, {', '.join(parameters)})" in text


def test_each_public_builder_of_a_context_has_a_fixture():
    """Only the context of a logger has none, because it has no resources and no instance."""
    import dagflow

    builders = {name for name in dagflow.__all__ if name.startswith("build_") and name.endswith("_context")}

    assert builders - {"build_init_logger_context"} == set(CONTEXT_BUILDERS)


def test_each_marker_is_explained(pytester: pytest.Pytester):
    """The explanation has the signature."""
    result = pytester.runpytest("--markers")

    assert {marker.__name__ for marker in registry.MARKERS} >= MARKERS
    for name in MARKERS:
        result.stdout.fnmatch_lines([f"@pytest.mark.{name}(*): *"])


def test_each_option_is_explained(pytester: pytest.Pytester):
    """`--help` has the options and the ini key."""
    result = pytester.runpytest("--help")

    text = "\n".join(result.outlines)
    for option in OPTIONS:
        (explanation,) = re.findall(rf"^  {option}(?![\w-]).*\n?(?:   .*\n)*", text, re.MULTILINE)
        assert len(" ".join(explanation.split())) > 60
    result.stdout.fnmatch_lines(["*dag_definitions (string):*", "*dag_real_time (bool):*"])
