"""The recorder of one side: a plugin that writes what the nodes give in each test and fixture."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import ExitStack, suppress
from io import FileIO
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.against.neutral import Neutral
from pytest_dagflow.against.node_runs import RunReader, check_facts, output_prefix, plain_metadata
from pytest_dagflow.against.records import CALL, FIXTURE, SESSION, GraphNode, NodeRun, Value
from pytest_dagflow.against.stored import StoredValues
from pytest_dagflow.hook_calls import redacted_result
from pytest_dagflow.imports import is_runtime_loaded, when_loaded
from pytest_dagflow.selecting.collector import paused_collector
from pytest_dagflow.selecting.links import links_of
from pytest_dagflow.selecting.project import build_project_graph
from pytest_dagflow.session import load_project_definitions, worker_input_of

if TYPE_CHECKING:
    from dagflow import ExecuteInProcessResult
    from dagflow.testing import Graph, ObservedOutput

VALUES = "values"
"""The folder of the values of both sides."""
_MAX_OPEN_CALLS = 64


class _Owner:
    """A test or a fixture whose code runs now.

    Attributes:
        name: Its name in the record.
        is_recorded: Whether its runs are the same in each session.
        counts: The number of its runs and calls so far, by their name without a number.
    """

    def __init__(self, name: str, is_recorded: bool = True) -> None:
        self.name = name
        self.is_recorded = is_recorded
        self.counts: Counter[str] = Counter()

    def numbered(self, name: str, label: str = "") -> str:
        """Return the name of its next run, or of the next call of a node."""
        self.counts[name + label] += 1
        return f"{name} #{self.counts[name + label]}"


class Recorder:
    """The recorder of one side, a plugin of pytest.

    It writes a line for each node of each run and direct call into `<folder>/<side>/<worker or main>.jsonl`,
    and the values into `<folder>/values`. Nothing is kept after it is written.

    Args:
        config: The config of the session.
        folder: The folder of the comparison.
        side: The name of the side.

    Attributes:
        labels: The labels of the nodes of the graph, by their ids; empty before `write_graph`.
    """

    def __init__(self, config: pytest.Config, folder: Path, side: str) -> None:
        self.labels: dict[str, str] = {}
        self._config = config
        process = worker_input_of(config).get("workerid", "main")
        self._path = folder / side / f"{process}.jsonl"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file: FileIO | None = None
        self._neutral = Neutral(config)
        self._values = StoredValues(folder / VALUES, self._neutral)
        self._owners: list[_Owner] = []
        self._fixtures: dict[str, list[_Owner]] = {}
        self._repeated = self._test = ""
        self._outputs: dict[str, dict[tuple[str, str, str | None], Value]] = {}
        self._calls: dict[int, dict[str, NodeRun]] = {}
        self._lock = RLock()  # steps may run on several threads
        self._pid = os.getpid()

    def write_graph(self, items: list[pytest.Item]) -> Graph | None:
        """Write the graph of tests, and return it; None if it is unknown, or if no test can run a pipeline.

        Args:
            items: The collected tests.
        """
        try:
            graph = _graph(self._config, items)
        except pytest.UsageError as error:
            self._write({"kind": "graph", "problem": self._neutral.text(str(error))})
            return None
        if graph is None:
            return None
        from dagflow.testing import labelled_nodes

        root = self._config.rootpath
        for node in labelled_nodes(graph):
            self.labels.update(dict.fromkeys(node.ids, node.label))
            place = _place(node.file, node.line, root)
            known = GraphNode(node.label, place, node.parents, node.partitions, node.called)
            self._write({"kind": "graph", **vars(known)})
        return graph

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Record the runs and calls of a test and of the fixtures that it sets up or tears down."""
        self._repeated, self._test = "", item.nodeid
        owner = _Owner(item.nodeid, not draws_inputs(item) and not _is_benchmark(item))
        self._owners.append(owner)
        with ExitStack() as stack:

            def observe() -> None:
                from dagflow.testing import observe_outputs, observe_runs

                stack.enter_context(observe_outputs(self._add_output))
                stack.enter_context(observe_runs(self._add_run))

            try:
                with when_loaded(observe):
                    return (yield)
            finally:
                self._close_calls()
                self._outputs.clear()  # of runs that did not end, such as those of a killed thread
                self._owners.remove(owner)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Start an attempt at a test. A plugin may repeat it, and then the last attempt counts."""
        if self._repeated == item.nodeid:
            self._close_calls()
            self._write({"kind": "again", "owner": item.nodeid})
            for owner in self._owners[-1:]:
                owner.counts.clear()
        self._repeated = item.nodeid

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Record the runs in the setup and in the teardown of a fixture of a wider scope as its own."""
        if fixturedef.scope == "function":
            return (yield)
        name = fixture_owner(fixturedef, request)
        alive = self._fixtures.setdefault(name, [])
        owner = alive[-1] if alive else _Owner(name)  # a fixture may replace one of its name, and use it
        alive.append(owner)

        def end() -> None:
            alive.remove(owner)
            self._leave(owner)

        # finalizers run in reverse order, so these two are around the teardown of the fixture
        fixturedef.addfinalizer(end)
        self._owners.append(owner)
        try:
            return (yield)
        finally:
            self._leave(owner)
            fixturedef.addfinalizer(lambda: self._owners.append(owner))

    def _leave(self, owner: _Owner) -> None:
        """End the setup or the teardown of a fixture."""
        self._close_calls()
        if self._owners and self._owners[-1] is owner:
            self._owners.pop()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _owner(self) -> _Owner | None:
        """Return the owner of what happens now; None for what is not recorded."""
        owner = self._owners[-1] if self._owners and os.getpid() == self._pid else None
        return owner if owner is not None and owner.is_recorded else None

    def _add_output(self, output: ObservedOutput) -> None:
        """Store the value of an output, before a later step changes it."""
        with self._lock:
            owner = self._owner()
            if owner is None:
                return
            if output.call:
                self._add_to_call(owner, output)
            elif output.has_value and not output.node.startswith("check "):
                key = (output.step_key, output.output, output.mapping_key)
                self._outputs.setdefault(output.run_id, {})[key] = self._values.add(output.value)

    def _add_to_call(self, owner: _Owner, output: ObservedOutput) -> None:
        call = self._calls.setdefault(output.call, {})
        run = call.get(output.node)
        if run is None:
            name = owner.numbered(CALL, f" {output.node}")
            run = call[output.node] = NodeRun(owner.name, name, output.node)
        from dagflow import AssetCheckResult

        text, prefix = self._neutral.text, ""
        if output.node.startswith("check ") and isinstance(output.value, AssetCheckResult):
            run.checks[output.node.removeprefix("check ")] = check_facts(output.value, text)
        elif output.has_value:
            mapped = "" if output.mapping_key is None else f"[{output.mapping_key}]"
            run.outputs[f"{output.output}{mapped}"] = self._values.add(output.value)
        if output.node.startswith("op "):
            prefix = output_prefix(output.output)
        suffix = "" if output.mapping_key is None else f"[{output.mapping_key}]"
        for name, value in plain_metadata(output.metadata, text).items():
            run.metadata[f"{prefix}{name}{suffix}"] = value
        if len(self._calls) > _MAX_OPEN_CALLS:  # the outputs of a generator may come later
            self._write_call(self._calls.pop(next(iter(self._calls))))

    def _close_calls(self) -> None:
        """Write the direct calls of the owner that ends."""
        with self._lock:
            for call in self._calls.values():
                self._write_call(call)
            self._calls.clear()

    def _write_call(self, call: dict[str, NodeRun]) -> None:
        for run in call.values():
            self._write_node(run)

    def _add_run(self, result: ExecuteInProcessResult) -> None:
        """Write the nodes of a run that has ended."""
        with self._lock:
            outputs = self._outputs.pop(result.run_id, {})
            owner = self._owner()
            if owner is None:
                return
            reader = RunReader(result, outputs, self._neutral.text)
            partition = f"[{reader.nodes.partition}]" if reader.nodes.partition else ""
            name = owner.numbered(f"{reader.nodes.job}{partition}")
            try:
                shown = redacted_result(self._config, result)
            except pytest.UsageError:  # another part of the plugin reports the error of the hook
                shown = None
            for run in reader.read(shown, owner.name, name):
                self._write_node(run)

    def _write_node(self, run: NodeRun) -> None:
        run.test = self._test
        self._write({"kind": "run", **run.to_json()})

    def _write(self, document: dict[str, Any]) -> None:
        """Write a line at once, because other plugins append to the file, too.

        It is ASCII, because a text can have a surrogate. A fork writes nothing, such as that of a mutant.
        """
        if os.getpid() != self._pid:
            return
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
        self._file.write(f"{json.dumps(document)}\n".encode("ascii"))


def draws_inputs(item: pytest.Item) -> bool:
    """Return whether hypothesis draws the inputs of a test."""
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))


def drawing_tests(items: Iterable[pytest.Item]) -> list[str]:
    """Return the ids of the tests whose inputs hypothesis draws."""
    return [item.nodeid for item in items if draws_inputs(item)]


def _is_benchmark(item: pytest.Item) -> bool:
    return "benchmark" in getattr(item, "fixturenames", ())


def fixture_owner(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> str:
    """Return the name of a fixture of a wider scope, the same whichever test sets it up.

    Args:
        fixturedef: The fixture.
        request: The request of its setup.
    """
    where = request.node.nodeid if fixturedef.scope != "session" else fixturedef.baseid
    shown = ""
    if hasattr(request, "param"):
        param, index = request.param, getattr(request, "param_index", 0)
        shown = f"[{param if isinstance(param, str | int | float | bool | None) else index}]"
    return f"{FIXTURE}{fixturedef.argname}{shown} of {where or SESSION}"


def _graph(config: pytest.Config, items: list[pytest.Item]) -> Graph | None:
    """Return the graph of the project; None if no test can run a pipeline of which a module is known.

    Raises:
        pytest.UsageError: The definitions of the project cannot be loaded.
    """
    if not is_runtime_loaded() and load_project_definitions(config) is None:
        return None
    from dagflow.testing import has_graph

    with paused_collector():
        is_known = load_project_definitions(config) is not None
        links = {} if is_known else {item: links_of(item, has_graph) for item in items}
        return build_project_graph(config, links)


def _place(file: str, line: int, root: Path) -> str:
    """Return a place relative to the root folder; empty if it is unknown."""
    if not file:
        return ""
    with suppress(ValueError):  # on another drive
        file = os.path.relpath(file, root)
    return f"{Path(file).as_posix()}:{line}" if line else Path(file).as_posix()
