"""The whole plugin beside the plugins that projects use, in subprocesses, as a user runs it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

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


_ASYNCIO = ("-p", "asyncio", "-o", "asyncio_default_fixture_loop_scope=function")
_COVERED = "nodes *3 of *3 *100.0 %"
_TOTAL = "total *10 of *14 *71.4 %"
"""The coverage of the graph in a run of the whole suite."""


@dataclass(frozen=True)
class Case:
    """A run of the suite.

    Attributes:
        modules: The plugins that it needs, separated by spaces.
        arguments: The arguments of pytest.
        lines: Lines of the output, in order.
        more: More code of the suite.
    """

    modules: str
    arguments: tuple[str, ...]
    lines: tuple[str, ...] = ()
    more: str = ""


CASES = {
    "xdist": Case("xdist", ("-n", "2", "--dag-cov"), (_COVERED, _TOTAL)),
    "loadgroup": Case(
        "xdist",
        ("-n", "2", "--dist", "loadgroup", "--dag-select", "cup", "--dag-explain", "--dag-cov"),
        ("nodes *2 of *3 *66.6 %",),
    ),
    "cov": Case("pytest_cov xdist", ("--cov", ".", "-n", "2", "--dag-cov"), (_TOTAL, "TOTAL *100%")),
    "asyncio": Case("pytest_asyncio", (*_ASYNCIO, "--dag-cov"), (_TOTAL,), _ASYNC),
    "randomly": Case("pytest_randomly", ("-p", "randomly", "--dag-cov"), (_TOTAL,)),
    "rerunfailures": Case(
        "pytest_rerunfailures", ("--reruns", "1", "--dag-cov"), (_TOTAL, "*1 rerun*"), _FLAKY
    ),
    "timeout": Case(
        "pytest_timeout", ("--timeout", "60", "--timeout-method", "thread", "--dag-cov"), (_TOTAL,)
    ),
    "no cache": Case(
        "pytest", ("-p", "no:cacheprovider", "--dag-select", "changed()", "--dag-cov"), (_TOTAL,)
    ),
    # inline-snapshot reads an option of the terminal plugin when it ends
    "quiet": Case("pytest", ("-p", "no:terminal", "-p", "no:inline_snapshot", "--dag-cov")),
    "mutants": Case(
        "pytest_asyncio pytest_cov pytest_randomly pytest_rerunfailures pytest_timeout xdist",
        (
            *_ASYNCIO, "--dag-mutate=changed()", "-n", "0", "--reruns", "1", "--cov", ".", "-x",
            "-p", "no:cacheprovider", "--timeout", "60", "--timeout-method", "thread",
        ),
        (
            "note: pytest-cov measures nothing but the collection*",
            "note: no record, so all nodes count as changed:*",
            "4 mutants of 3 nodes: 2 killed, 2 survived, 0 timed out (50 %)",
            "* s in forked processes",
        ),
        _ASYNC,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.not_in_wasm("starts processes")
def test_beside(all_plugins: pytest.Pytester, name: str) -> None:
    """A suite passes beside another plugin, with warnings as errors, strict settings and the coverage."""
    case = CASES[name]
    for module in case.modules.split():
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    all_plugins.makepyfile(test_it=_SUITE + case.more)
    all_plugins.makeini(_STRICT)

    result = all_plugins.runpytest_subprocess(*case.arguments)

    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    result.stdout.fnmatch_lines(case.lines)
