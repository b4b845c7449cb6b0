"""The whole plugin beside the plugins that projects use, in subprocesses, as a user runs it."""

from __future__ import annotations

import importlib.util

import pytest

_SUITE = '''
"""A suite that uses fixtures, markers, events and partitions."""

import pytest

from dagflow import DailyPartitionsDefinition, RetryPolicy, asset, op, job
from pytest_dagflow import assert_retried, ev, assert_event_sequence

days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")


@asset
def water():
    return 1


@asset(partitions_def=days)
def cup(context, water):
    return context.partition_key


@op(retry_policy=RetryPolicy(max_retries=1, delay=60))
def flaky(context):
    if not context.retry_number:
        raise ValueError


@job
def brew():
    flaky()


@pytest.mark.dag_partitions(days)
def test_each_day(partition_key, materialize_to_memory):
    result = materialize_to_memory([water, cup], partition_key=partition_key)
    assert result.asset_value("cup") == partition_key


def test_retry(execute_in_process, dag_clock):
    result = execute_in_process(brew)
    assert_retried(result, "flaky", times=1)
    assert_event_sequence(result, [ev.step_up_for_retry("flaky"), ev.step_success("flaky")])


@pytest.fixture(scope="module")
def stored():
    from dagflow import materialize_to_memory

    return materialize_to_memory([water])


def test_fixture(stored, dag_events):
    assert stored.success
    assert not dag_events
'''

_ASYNC = """

@pytest.mark.asyncio
async def test_async(build_op_context):
    assert build_op_context().retry_number == 0
"""

_FLAKY = """

_calls = []


def test_flaky(materialize_to_memory):
    _calls.append(1)
    materialize_to_memory([water])
    assert len(_calls) > 1
"""

_STRICT = """
[pytest]
addopts = --strict-markers --strict-config
filterwarnings = error
xfail_strict = true
"""


def _needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


@pytest.mark.parametrize(
    ("module", "arguments", "more"),
    [
        ("xdist", ["-n", "2"], ""),
        ("xdist", ["-n", "2", "--dist", "loadgroup", "--dag-select", "cup", "--dag-explain"], ""),
        ("pytest_cov", ["--cov", ".", "-n", "2"], ""),
        ("pytest_asyncio", ["-p", "asyncio", "-o", "asyncio_default_fixture_loop_scope=function"], _ASYNC),
        ("pytest_randomly", ["-p", "randomly", "-p", "randomly"], ""),
        ("pytest_rerunfailures", ["--reruns", "1"], _FLAKY),
        ("pytest_timeout", ["--timeout", "60", "--timeout-method", "thread"], ""),
        ("pytest", ["-p", "no:cacheprovider", "--dag-select", "changed()"], ""),
        # inline-snapshot reads an option of the terminal plugin when it ends
        ("pytest", ["-p", "no:terminal", "-p", "no:inline_snapshot"], ""),
    ],
    ids=["xdist", "loadgroup", "cov", "asyncio", "randomly", "rerunfailures", "timeout", "no cache", "quiet"],
)
@pytest.mark.not_in_wasm("starts processes")
def test_beside(all_plugins: pytest.Pytester, module: str, arguments: list[str], more: str) -> None:
    """A suite passes beside another plugin, with warnings as errors and strict settings."""
    _needs(module)
    all_plugins.makepyfile(test_it=_SUITE + more)
    all_plugins.makeini(_STRICT)

    result = all_plugins.runpytest_subprocess(*arguments)

    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
