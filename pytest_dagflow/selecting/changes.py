"""The meaning of `changed()`, `new()` and `failed()`: the nodes and tests that differ from the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_dagflow.selecting.compared import RevisionChanges
from pytest_dagflow.selecting.prints import Prints, differing_blocks
from pytest_dagflow.selecting.project import Project, Touched
from pytest_dagflow.selecting.record_file import Print, TestRecord
from pytest_dagflow.session import session_of

if TYPE_CHECKING:
    from dagflow.testing import Call

_CODE = "code"
"""The facet that the changes of a test itself count as: its body, parameters, fixtures and hooks."""


class Change(NamedTuple):
    """A difference between a node and the record.

    Attributes:
        node: The name of the node.
        facet: The facet that differs.
        details: A sentence for each block of code, file, variable or package that differs.
    """

    node: str
    facet: str
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        details = f" ({', '.join(self.details)})" if self.details else ""
        return f"{self.facet} of {self.node}{details}"


@dataclass
class TestState:
    """The differences between a test and the record.

    Attributes:
        is_new: Whether the record has no pass and no failure of the test.
        is_failed: Whether the test failed or was skipped the last time.
        own: The reasons why the test itself differs, each with its facet. Its body, parameters, fixtures
            and hooks are code.
        missing: The recorded names of nodes that no longer exist.
        changed: The nodes that differ from its last pass, each with its facets.
        equal: The ids of the nodes that are as in its last pass.
        reason_since: Returns the reason why `changed(since=...)` selects the test itself; "" without one.
    """

    __test__ = False

    is_new: bool = False
    is_failed: bool = False
    own: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    changed: dict[str, frozenset[str]] = field(default_factory=dict)
    equal: frozenset[str] = frozenset()
    reason_since: Callable[[Call], str] = lambda call: ""

    def is_selected_by(self, call: Call) -> bool:
        """Return whether a call such as `changed(code)` selects the test itself, whatever its nodes are."""
        if call.since is not None:
            return bool(self.reason_since(call))
        if call.name == "failed":
            return self.is_failed
        if call.name == "new":
            return self.is_new
        has_own = not call.facets or not set(call.facets).isdisjoint(self.own.values())
        return self.is_new or self.is_failed or bool(self.own and has_own) or bool(self.missing)


class Changes:
    """The differences between the project and the record.

    Args:
        config: The config of the session.
        project: The graph and the record.
        prints: The prints of this session.
        touched: The nodes that each collected test touches.
        is_recorded: Whether there is a record. Without one everything is new.

    Attributes:
        is_used: Whether an expression contains `changed()`, `new()` or `failed()` without a revision.
        revisions: The differences from each revision that an expression names.
    """

    def __init__(
        self,
        config: pytest.Config,
        project: Project,
        prints: Prints,
        touched: Mapping[pytest.Item, Touched],
        *,
        is_recorded: bool,
    ) -> None:
        self.config = config
        self.project = project
        self.prints = prints
        self.touched = touched
        self.is_recorded = is_recorded
        self.is_used: bool = False
        self.revisions: dict[str, RevisionChanges] = {}
        self._states: dict[pytest.Item, TestState] = {}
        self._differences: dict[int, tuple[dict[str, frozenset[str]], tuple[str, ...], frozenset[str]]] = {}

    def nodes_of(self, call: Call) -> set[str]:
        """Return the ids of the nodes that a call selects."""
        if call.since is not None:
            return self.since(call.since).nodes_of(call)
        self.is_used = True
        if call.name == "failed":
            return self._failed_nodes
        new = {node.id for node in self.project.graph.nodes} - self._compared.keys()
        if call.name == "new":
            return new
        wanted = set(call.facets)
        return new | {
            node_id
            for node_id, facets in self._compared.items()
            if facets and (not wanted or not wanted.isdisjoint(facets))
        }

    def since(self, reference: str) -> RevisionChanges:
        """Return the differences from a revision."""
        if reference not in self.revisions:
            config = self.config
            self.revisions[reference] = RevisionChanges(
                str(config.rootpath),
                reference,
                self.project,
                self.prints,
                session_of(config).options,
                is_recorded=self.is_recorded,
            )
        return self.revisions[reference]

    @cached_property
    def _compared(self) -> dict[str, frozenset[str]]:
        """The facets in which each known node differs from a record, by node id; no facets if none differ."""
        compared: dict[str, frozenset[str]] = {}
        project = self.project
        for name, stored in project.record.untested.items():
            for node_id in project.ids_of(name):
                now = self.prints.of_node(project.graph.node(node_id))
                compared[node_id] = frozenset(self.prints.differences(stored, now).values())
        seen: set[int] = set()
        tested: set[str] = set()
        for test in project.record.values():
            if not test.passed or id(test.nodes) in seen:
                continue
            seen.add(id(test.nodes))
            changed, _, equal = self._differences_of(test)
            for node_id in (*changed, *equal):
                if node_id not in tested:
                    tested.add(node_id)
                    compared[node_id] = frozenset()
                compared[node_id] |= changed.get(node_id, frozenset())
        return compared

    def _differences_of(
        self, test: TestRecord
    ) -> tuple[dict[str, frozenset[str]], tuple[str, ...], frozenset[str]]:
        """Return the changed nodes with their facets, the missing names, and the equal nodes of a record."""
        key = id(test.nodes)
        if key not in self._differences:
            changed: dict[str, frozenset[str]] = {}
            missing: list[str] = []
            equal: set[str] = set()
            jobs: list[tuple[str, Print]] = []
            for name, stored in test.nodes.items():
                if name.startswith("job:"):
                    jobs.append((name, stored))
                    continue
                ids = self.project.ids_of(name)
                if not ids:
                    missing.append(name)
                current = [self.prints.of_node(self.project.graph.node(node_id)) for node_id in ids]
                differing = [frozenset(self.prints.differences(stored, now).values()) for now in current]
                if not all(differing):  # several nodes may have one name
                    equal.update(ids)
                else:
                    changed.update(zip(ids, differing, strict=True))
            for name, stored in jobs:
                self._add_job(name, stored, changed, missing, equal)
            self._differences[key] = changed, tuple(missing), frozenset(equal - changed.keys())
        return self._differences[key]

    def _add_job(
        self,
        name: str,
        stored: Print,
        changed: dict[str, frozenset[str]],
        missing: list[str],
        equal: set[str],
    ) -> None:
        """Add the nodes of a job to the changed ones, if the job itself differs and not only its nodes."""
        job = self.project.jobs.get(name)
        if job is None:
            missing.append(name)
            return
        of_nodes = frozenset[str]().union(*changed.values())
        facets = set(self.prints.differences(stored, self.prints.of_definition(job)).values()) - of_nodes
        if not facets:
            return
        for node_id in self.project.ids_of(name):
            changed[node_id] = changed.get(node_id, frozenset()) | facets
            equal.discard(node_id)

    @cached_property
    def _failed_nodes(self) -> set[str]:
        """The nodes that failed in the last failure of a test; all nodes of a test whose run did not fail."""
        project = self.project
        by_id = {item.nodeid: touched for item, touched in self.touched.items()}
        found: set[str] = set()
        for test_id, test in project.record.items():
            if test.is_passed:
                continue
            failed = [node for pair in test.failed_in_run for node in project.nodes_named(*pair)]
            found.update(failed or by_id.get(test_id, Touched()).nodes)
        return found

    def state_of(self, item: pytest.Item, *, can_reach: bool) -> TestState:
        """Return the differences between a test and the record.

        Args:
            item: The test.
            can_reach: Whether it can reach dagflow. A new test that cannot is not about a pipeline.
        """
        if item not in self._states:
            state = self._find_state(item, can_reach) if self.is_used else TestState()
            state.reason_since = lambda call: self.since(call.since or "").reason_for_test(
                item, call, can_reach=can_reach
            )
            self._states[item] = state
        return self._states[item]

    def _find_state(self, item: pytest.Item, can_reach: bool) -> TestState:
        earlier = self.project.record.get(item.nodeid)
        if earlier is None:
            return TestState(is_new=can_reach or not self.is_recorded)
        if not earlier.passed:
            return TestState(is_failed=True)
        if not can_reach and not earlier.nodes and not earlier.own:
            return TestState(is_failed=not earlier.is_passed)  # it does not use dagflow
        changed, missing, equal = self._differences_of(earlier)
        differences = self.prints.differences(earlier.own, self.prints.of_test(item))
        own = {f"{reason} changed": _CODE for reason, facet in differences.items() if reason == facet}
        own.update({reason: facet for reason, facet in differences.items() if reason != facet})
        return TestState(False, not earlier.is_passed, own, missing, changed, equal)

    def changes_of(self, item: pytest.Item) -> Iterator[Change]:
        """Yield the changed facets of the nodes of a test."""
        for revision in self.revisions.values():
            for node_id in self.touched[item].nodes:
                node = self.project.graph.node(node_id)
                for facet, details in revision.reasons_of(node).items():
                    yield Change(node.names[0], facet, details)
        state = self._states.get(item, TestState())
        earlier = self.project.record.get(item.nodeid)
        for name, stored in earlier.nodes.items() if earlier and state.changed else ():
            for node_id in self.project.ids_of(name):
                node = self.project.graph.node(node_id)
                now = self.prints.with_blocks(node.definition, node.key)
                reasons = self.prints.differences(stored, now)
                for facet in sorted(state.changed.get(node_id, ())):
                    outside = [reason for reason, of in reasons.items() if of == facet != reason]
                    blocks = differing_blocks(stored, now) if facet == _CODE else outside
                    yield Change(node.names[0], facet, tuple(blocks))
