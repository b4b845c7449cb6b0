"""The nodes and tests that `changed(since=...)` selects: the differences from one revision, for a session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.options import Options
from pytest_dagflow.selecting.git import RevisionError
from pytest_dagflow.selecting.outside.globs import is_match
from pytest_dagflow.selecting.outside.states import FILE, FOLDER, GLOB, split_key
from pytest_dagflow.selecting.own_changes import OwnChanges
from pytest_dagflow.selecting.prints import Prints
from pytest_dagflow.selecting.project import Project
from pytest_dagflow.selecting.record_file import Print, TestRecord
from pytest_dagflow.selecting.revision import read_revision
from pytest_dagflow.selecting.since import NOT_COMPARED, PACKAGES, Files, Since

if TYPE_CHECKING:
    from dagflow.testing import Call, Node

_FILES = "files"


class RevisionChanges:
    """The differences between a revision and the working tree.

    Args:
        root: The root folder of the session.
        reference: The revision that the user named.
        project: The graph and the record.
        prints: The prints of this session.
        options: The options of the session.
        is_recorded: Whether there is a record.
        compares_repositories: Whether a submodule that differs is an error.

    Attributes:
        error: Why the revision cannot be compared; empty otherwise.
    """

    def __init__(
        self,
        root: str,
        reference: str,
        project: Project,
        prints: Prints,
        options: Options,
        *,
        is_recorded: bool,
        compares_repositories: bool = True,
    ) -> None:
        self.reference = reference
        self._root = root
        self._project = project
        self._prints = prints
        self._options = options
        self._is_recorded = is_recorded
        self._since: Since | None = None
        self.error: str = ""
        try:
            revision = read_revision(root, reference, compares_repositories=compares_repositories)
            self._since = Since(root, revision, project.graph.nodes)
        except RevisionError as error:
            self.error = str(error)

    @cached_property
    def _files(self) -> Files:
        if self._since is None:
            return Files()
        nodes = [
            (line, self._project.resolve(line.nodes or "*", f"ini key 'dag_files': '{line.nodes}'"))
            for line in self._options.files
        ]
        return self._since.files(
            self._recorded_readers if self._is_recorded else lambda path: None,
            nodes,
            self._options.invalidate,
        )

    def _recorded_readers(self, path: str) -> set[str]:
        """Return the ids of the nodes that read a file or listed its folder, by the record."""
        names = {
            name
            for test in {id(test.nodes): test for test in self._project.record.values()}.values()
            for name, stored in test.nodes.items()
            if _has_read(stored, path)
        }
        return {node_id for name in names for node_id in self._project.ids_of(name)}

    def nodes_of(self, call: Call) -> set[str]:
        """Return the ids of the nodes that `changed(..., since=...)` selects."""
        nodes = self._project.graph.nodes
        if self._reasons_for_all(call):
            return {node.id for node in nodes}
        return {node.id for node in nodes if self._is_selected(node, call)}

    def _is_selected(self, node: Node, call: Call) -> bool:
        facets = set(self._since.facets_of(node)) if self._since is not None else set()
        if self._files_of(node):
            facets.add(_FILES)
        return bool(facets) and (not call.facets or not facets.isdisjoint(call.facets))

    def _files_of(self, node: Node) -> tuple[str, ...]:
        return tuple(f"file {path}" for path, readers in self._files.readers.items() if node.id in readers)

    def reasons_of(self, node: Node) -> dict[str, tuple[str, ...]]:
        """Return the facets of a node that differ, each with the blocks of code and the files that differ."""
        found = self._since.reasons_of(node) if self._since is not None else {}
        files = self._files_of(node)
        return {**found, _FILES: files} if files else found

    def own_reasons_of(self, node: Node) -> dict[str, tuple[str, ...]]:
        """Return what differs in the code, the declaration and the files of a node itself, by facet."""
        found = self._own_changes.of(node) if self._own_changes is not None else {}
        files = self._files_of(node)
        return {**found, _FILES: files} if files else found

    @cached_property
    def _own_changes(self) -> OwnChanges | None:
        return None if self._since is None else OwnChanges(self._since)

    def is_new(self, node: Node) -> bool:
        """Return whether the revision has no code of a node."""
        return self._since is not None and self._since.is_new(node)

    @property
    def reasons_of_packages(self) -> list[str]:
        """The changed files that may name other versions of packages, a clause each."""
        return [reason for reason, facet in self._files.everything.items() if facet == PACKAGES]

    @property
    def reasons_of_other_files(self) -> list[str]:
        """The changed files of which the readers are unknown, a clause each."""
        return [reason for reason, facet in self._files.everything.items() if facet != PACKAGES]

    def reason_for_test(self, item: pytest.Item, call: Call, *, can_reach: bool) -> str:
        """Return the reason why the call selects a test itself, whatever its nodes are; "" without one."""
        everything = self._reasons_for_all(call)
        if everything:
            return f"all tests run: {everything[0]}"
        since = self._since
        if since is None or not can_reach:
            return ""
        if not call.facets or "code" in call.facets:
            parts = self._prints.values_of_test(item)
            if since.is_absent(*parts["its body"]):
                return f"it is new since {self.reference}"
            changed = [name for name, values in parts.items() if since.is_changed(*values)]
            if os.path.relpath(item.path, self._root).replace(os.sep, "/") in self._files.readers:
                changed.append("its file")  # a text file of examples
            if changed:
                return f"{' and '.join(changed)} changed"
        return self._reason_of_files(item) if not call.facets or _FILES in call.facets else ""

    def _reason_of_files(self, item: pytest.Item) -> str:
        earlier: TestRecord | None = self._project.record.get(item.nodeid)
        for path, readers in self._files.readers.items():
            if earlier is not None and _has_read(earlier.own, path):
                return f"file {path} changed"
            if self._is_recorded and not readers and (earlier is None or not earlier.passed):
                return f"it may read file {path}: the record has no pass of it"
        return ""

    def _reasons_for_all(self, call: Call) -> list[str]:
        if self.error:
            return [self.error]
        return [
            reason
            for reason, facet in self._files.everything.items()
            if not call.facets or not facet or facet in call.facets
        ]

    def lines(self) -> Iterator[str]:
        """Yield the lines of the report about this revision."""
        name = f"dag-since: {self.reference}"
        if self._since is None:
            yield f"{name} cannot be compared, so all tests run: {self.error}"
            return
        revision = self._since.revision
        count = len(revision.changed)
        files = "1 file differs" if count == 1 else f"{count} files differ"
        yield f"{name} ({revision.commit[:12]}), {files}; {NOT_COMPARED}"
        for reason in self._files.everything:
            yield f"dag-since: all tests run: {reason}"


def _has_read(stored: Print, path: str) -> bool:
    """Return whether a recorded print has a file, or the list of its folder."""
    folder = path.rpartition("/")[0] or "."
    for key in stored:
        kind, name = split_key(key)
        if (kind == FILE and name == path) or (kind == FOLDER and name == folder):
            return True
        if kind == GLOB and is_match(path, name):
            return True
    return False
