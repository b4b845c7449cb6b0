"""Tests of the plugin together with other plugins that projects often have."""

from __future__ import annotations

import pytest

SUITE = """
    import pytest
    from dagflow import StaticPartitionsDefinition, asset, job, op
    from pytest_dagflow import assert_succeeded

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def letter(context):
        return context.partition_key

    @op
    async def wait():
        return 3

    @job
    def waiting():
        wait()

    @pytest.mark.dag_partitions(letter)
    def test_letter(materialize_to_memory, partition_key):
        result = materialize_to_memory([letter], partition_key=partition_key)
        assert result.output_for_node("letter") == partition_key

    @pytest.mark.dag_nodes(wait)
    def test_run(execute_in_process, dag_events):
        assert_succeeded(execute_in_process(waiting))
        assert dag_events
"""
ASYNC_TEST = """
    @pytest.mark.asyncio
    async def test_await(build_op_context):
        assert await wait() == 3
"""
COMMANDS = {
    "warnings are errors": ["-W", "error"],
    "no cache": ["-p", "no:cacheprovider"],
    "strict": ["--strict-markers", "--strict-config"],
    "xdist": ["-n", "2"],
    "pytest-cov": ["--cov", ".", "--cov-branch"],
    "pytest-randomly": ["-p", "randomly"],
    "a selection": ["--dag-select", "letter or wait"],
    "a selection and xdist": ["--dag-select", "letter or wait", "-n", "2"],
}


@pytest.fixture
def suite(all_plugins: pytest.Pytester) -> pytest.Pytester:
    """Create a project with three tests: two of an asset with partitions, one of a job with an async op."""
    all_plugins.makepyfile(SUITE)
    return all_plugins


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_the_plugin_works_beside(suite: pytest.Pytester, arguments: list[str]) -> None:
    """A suite passes with each other plugin, and without each optional one."""
    suite.runpytest_subprocess(*arguments).assert_outcomes(passed=3)


def test_the_plugin_works_beside_pytest_asyncio(suite: pytest.Pytester) -> None:
    """An async test may await an op that it calls."""
    suite.plugins.remove("no:asyncio")
    suite.makepyfile(test_async=SUITE + ASYNC_TEST)
    suite.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")

    suite.runpytest_subprocess("test_async.py", "-W", "error").assert_outcomes(passed=4)
