"""The meaning of `changed()`: the nodes that differ from those with which the tests passed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pytest_dagflow.selecting.project import Project


class ChangedNodes:
    """The nodes that `changed()` selects.

    A node has changed under two conditions: a linked test passed with another fingerprint of the node, or no
    test is known to have passed with the current fingerprint.

    Args:
        project: The graph and the record.
        touched: The ids of the nodes that each collected test touches, by test id.
        root: The root folder, whose code counts.

    Attributes:
        is_used: Whether an expression contains `changed()`.
    """

    def __init__(self, project: Project, touched: Mapping[str, Iterable[str]], root: Path) -> None:
        self.project = project
        self.root = root
        self.touched = touched
        self.is_used: bool = False

    def is_unknown(self, test_id: str) -> bool:
        """Return whether a test is not known to have passed."""
        earlier = self.project.record.tests.get(test_id)
        return earlier is None or earlier.passed_with is None

    def find(self) -> set[str]:
        """Return the ids of the changed nodes, and record the current fingerprints of all nodes."""
        self.is_used = True
        record, graph = self.project.record, self.project.graph
        current = self._fingerprints()
        record.fingerprints = {
            test_id: {node_id: current[node_id] for node_id in nodes}
            for test_id, nodes in self.touched.items()
        }
        unchanged: set[str] = set()
        changed: set[str] = set()
        for test_id, earlier in record.tests.items():
            passed_with = earlier.passed_with
            if passed_with is None:
                continue  # the test runs under every selection
            for node_id in {*passed_with, *self.touched.get(test_id, ())} & current.keys():
                is_equal = passed_with.get(node_id) == current[node_id]
                (unchanged if is_equal else changed).add(node_id)
        return changed | {node.id for node in graph.nodes if node.id not in unchanged}

    def _fingerprints(self) -> dict[str, Any]:
        """Return the current fingerprint of each node."""
        from dagflow.testing import CodeGraph, fingerprint

        code = CodeGraph(self.root)
        nodes = self.project.graph.nodes
        found: dict[tuple[int, object], Any] = {}
        for node in nodes:
            identity = id(node.definition), node.key
            if identity not in found:
                # a list, because JSON loads a tuple as a list
                found[identity] = list(fingerprint(node.definition, node.key, graph=code))
        return {node.id: found[id(node.definition), node.key] for node in nodes}
