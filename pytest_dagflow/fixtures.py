"""The fixtures. None of them imports `dagflow` before a test asks for it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from dagflow import (
        AssetExecutionContext,
        DagflowInstance,
        ExecuteInProcessResult,
        GraphDefinition,
        JobDefinition,
        OpExecutionContext,
    )
    from dagflow.testing import EventList, VirtualClock

__tracebackhide__ = True

_R = TypeVar("_R")

_AROUND = ("dag_clock", "dag_events")
"""Fixtures that reach each run of a test: set up before the first bound call, whatever stands first."""


@pytest.fixture
def dag_instance(request: pytest.FixtureRequest) -> Iterator[DagflowInstance]:
    """A DagflowInstance for this test alone, on which all bound calls run.

    It is in memory, starts empty, and never is the one of DAGFLOW_HOME. Its files go away with it, or lie
    under `tmp_path` where the test uses that.
    """
    from dagflow import DagflowInstance

    folder = None
    if "tmp_path" in request.fixturenames:
        folder = str(request.getfixturevalue("tmp_path") / "dagflow")
    with DagflowInstance.ephemeral(folder) as instance:
        yield instance


@pytest.fixture(scope="module")
def module_dag_instance() -> Iterator[DagflowInstance]:
    """A DagflowInstance that the tests of a module share, in memory; pass it as `instance=`."""
    from dagflow import DagflowInstance

    with DagflowInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="session")
def session_dag_instance() -> Iterator[DagflowInstance]:
    """A DagflowInstance that all tests of this process share, in memory; pass it as `instance=`."""
    from dagflow import DagflowInstance

    with DagflowInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def dag_resources() -> dict[str, Any]:
    """The resources of every bound call, by key: none. Override it in a conftest or a test module.

    What is given to a call itself goes before it, key by key, and so does what an asset brings along.
    """
    return {}


@dataclass(frozen=True)
class _Surroundings:
    """What the bound calls of one test share.

    Attributes:
        instance: On which they run.
        resources: Those that are not given to the call itself.
        closing: Closes at the end of the test what was entered in it, the last first.
    """

    instance: DagflowInstance
    resources: Mapping[str, Any]
    closing: ExitStack

    def bind(self, function: Callable[..., _R], wrap: Callable[..., Any] = dict) -> Callable[..., _R]:
        """Give a function with the signature of another, whose instance and resources have other defaults.

        Args:
            function: The other.
            wrap: Makes the resources to pass of those that belong to the call.
        """
        signature = inspect.signature(function)

        @functools.wraps(function)
        def bound(*args: Any, **kwargs: Any) -> _R:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError:
                return function(*args, **kwargs)  # says which argument is wrong
            if given.get("instance") is None:
                given["instance"] = self.instance
            explicit = given.get("resources")
            if isinstance(explicit, Mapping) or (explicit is None and self.resources):
                given["resources"] = wrap({**self._defaults(given), **(explicit or {})})
            return function(**given)

        return bound

    def entered(self, build: Callable[..., AbstractContextManager[_R]]) -> Callable[..., _R]:
        """Give a function that enters what another one builds, until the test ends."""

        @functools.wraps(build)
        def bound(*args: Any, **kwargs: Any) -> _R:
            return self.closing.enter_context(build(*args, **kwargs))

        return bound

    def _defaults(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The default resources but those that an asset brings along: it would refuse another one."""
        assets = given.get("assets")
        brought: set[str] = set()
        for asset in assets if isinstance(assets, Iterable) else ():
            brought.update(getattr(asset, "resource_defs", ()))
        return {key: value for key, value in self.resources.items() if key not in brought}


@pytest.fixture
def _dag_surroundings(
    request: pytest.FixtureRequest, dag_instance: DagflowInstance, dag_resources: Any
) -> Iterator[_Surroundings]:
    """What the bound calls of a test share."""
    if not isinstance(dag_resources, Mapping):
        pytest.fail(
            f"fixture 'dag_resources' must give resources by key, as in {{'db': db}}, not {dag_resources!r}",
            pytrace=False,
        )
    for name in _AROUND:
        if name in request.fixturenames:
            request.getfixturevalue(name)
    with ExitStack() as closing:
        yield _Surroundings(dag_instance, dag_resources, closing)


@pytest.fixture
def build_op_context(_dag_surroundings: _Surroundings) -> Callable[..., OpExecutionContext]:
    """`dagflow.build_op_context` for this test: the context with which an op is called directly.

    build_op_context(resources, op_config, resources_config, instance, config, partition_key,
    partition_key_range, mapping_key, run_tags, event_loop), all optional. Bound to `dag_instance` and
    `dag_resources`. A resource is started when it is first read; one that is a context manager is closed at
    the end of the test, the last first, also when the test fails. No `with` block is needed.
    """
    from dagflow import build_op_context
    from dagflow.testing import OnDemand

    return _dag_surroundings.entered(_dag_surroundings.bind(build_op_context, OnDemand))


@pytest.fixture
def build_asset_context(_dag_surroundings: _Surroundings) -> Callable[..., AssetExecutionContext]:
    """`dagflow.build_asset_context` for this test: the context with which an asset is called directly.

    build_asset_context(resources, resources_config, asset_config, instance, partition_key,
    partition_key_range, run_tags, event_loop), all optional. Bound like `build_op_context`.
    """
    from dagflow import build_asset_context
    from dagflow.testing import OnDemand

    return _dag_surroundings.entered(_dag_surroundings.bind(build_asset_context, OnDemand))


@pytest.fixture
def materialize_to_memory(_dag_surroundings: _Surroundings) -> Callable[..., ExecuteInProcessResult]:
    """`dagflow.materialize_to_memory` for this test: runs assets, whose values stay in memory.

    materialize_to_memory(assets, run_config, instance, resources, partition_key, raise_on_error, tags,
    selection), all but the first optional. Bound to `dag_instance` and `dag_resources`.
    """
    from dagflow import materialize_to_memory

    return _dag_surroundings.bind(materialize_to_memory)


@pytest.fixture
def materialize(tmp_path: object, _dag_surroundings: _Surroundings) -> Callable[..., ExecuteInProcessResult]:
    """`dagflow.materialize` for this test: runs assets, whose values are stored in files under `tmp_path`.

    A later call of the same test finds what an earlier one stored. Parameters and binding as
    `materialize_to_memory`.
    """
    from dagflow import materialize

    return _dag_surroundings.bind(materialize)


@pytest.fixture
def execute_in_process(_dag_surroundings: _Surroundings) -> Callable[..., ExecuteInProcessResult]:
    """`execute_in_process` of a job or a graph for this test: runs it here and now.

    execute_in_process(job_or_graph, run_config, instance, partition_key, raise_on_error, op_selection,
    asset_selection, run_id, input_values, tags, resources), all but the first optional; a graph takes those
    that its method takes. Bound to `dag_instance` and `dag_resources`.
    """
    from dagflow import GraphDefinition, JobDefinition, ParameterCheckError

    def execute_in_process(
        job_or_graph: JobDefinition | GraphDefinition, *args: Any, **kwargs: Any
    ) -> ExecuteInProcessResult:
        if not isinstance(job_or_graph, (JobDefinition, GraphDefinition)):
            raise ParameterCheckError(
                f"execute_in_process runs a job or a graph, not {job_or_graph!r}. Assets are run with "
                "materialize or materialize_to_memory; an op or an asset can be called directly."
            )
        result: ExecuteInProcessResult = _dag_surroundings.bind(job_or_graph.execute_in_process)(
            *args, **kwargs
        )
        return result

    return execute_in_process


@pytest.fixture
def dag_events() -> Iterator[EventList]:
    """Every event of every run that this test starts, in order, as a list that grows while the runs go on.

    It knows the plans of the runs, so `assert_event_sequence(dag_events, ...)` takes it in every mode.
    `clear()` forgets what was seen so far. Runs that start without a fixture of this plugin are seen as well,
    from the moment on at which this fixture is set up.
    """
    from dagflow.testing import EventList, observe, with_plans

    events = EventList([], {})

    def note(event: Any) -> None:
        if event.run_id not in events.plans:
            events.plans.update(with_plans([event]).plans)
        events.append(event)

    with observe(note):
        yield events


@pytest.fixture
def dag_clock() -> Iterator[VirtualClock]:
    """Virtual time for every run of this test: nobody waits for it.

    Delays of retries pass at once and are recorded in `dag_clock.sleeps`, in seconds. It is the time of
    events too, and the "now" of partitions: at first the real time, then what `dag_clock.move_to(...)` says,
    a datetime or seconds since the epoch.
    """
    from dagflow.testing import VirtualClock, run_options

    clock = VirtualClock()
    with run_options(clock=clock):
        yield clock


@pytest.fixture
def partition_key(request: pytest.FixtureRequest) -> str:
    """The partition key that the test runs for; `@pytest.mark.dag_partitions(...)` says which there are."""
    pytest.fail(
        f"{request.node.nodeid} takes 'partition_key', and nothing says which: mark it with "
        "@pytest.mark.dag_partitions(partitions_def_or_asset_or_job, ...)",
        pytrace=False,
    )
