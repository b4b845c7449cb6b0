"""The meaning of `changed(since=...)`: the differences between a git revision and the working tree.

Both sides are parsed. Only the working tree is imported, so a node is the name of its definition, and the old
side is the code under the same name. Data files, locks and ini files are compared by content. Neither the
environment nor files that git ignores can be compared with a revision.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_dagflow.options import NodeFiles
from pytest_dagflow.selecting.links import elements_of
from pytest_dagflow.selecting.outside.globs import is_match
from pytest_dagflow.selecting.outside.places import is_excluded
from pytest_dagflow.selecting.revision import Revision

if TYPE_CHECKING:
    from dagflow.testing import CodeGraph, FolderSources, Node

PACKAGES = "packages"
"""The facet of a changed file that may name other versions of packages."""
NOT_COMPARED = "the environment and files that git ignores are not compared"
_DECLARED = "@"
"""The last letter of the id of the decorators of a block."""
_OF_SIGNATURE = frozenset({"config", "types", "resources"})
"""The facets that the parameters of a function and the classes that they name may declare."""
_OF_DECLARATION = _OF_SIGNATURE | {"partitions", "retry", "hooks", "checks", "arguments"}
FACETS_BY_KEYWORD = {
    "config": "config",
    "config_schema": "config",
    "dagflow_type": "types",
    "ins": "types",
    "out": "types",
    "outs": "types",
    "partitions_def": "partitions",
    "io_manager_def": "resources",
    "required_resource_keys": "resources",
    "resource_defs": "resources",
    "op_retry_policy": "retry",
    "retry_policy": "retry",
    "hooks": "hooks",
    "check_specs": "checks",
}
_PACKAGE_FILES = (
    "pyproject.toml", "setup.cfg", "*.lock", "pylock*.toml", "*requirements*.txt", "requirements/*.txt",
    "*constraints*.txt", "environment*.yml", "environment*.yaml", "conda-lock.yml", ".python-version",
)  # fmt: skip
_SETTINGS = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini")


class RevisionSources:
    """The Python files of a revision, for the graph of code. Files that are unchanged are read from the disk.

    Args:
        revision: The revision.
        now: The Python files of the working tree. One that git does not know, such as that of an editable
            install outside of the repository, is the same on both sides.
    """

    def __init__(self, revision: Revision, now: FolderSources) -> None:
        self._revision = revision
        self._now = now
        self._old = revision.contents(sorted(self._differing(now.paths())))
        self._paths = {*self._old, *(path for path in now.paths() if path not in revision.added)}

    def _differing(self, now: Collection[str]) -> set[str]:
        folders = {path.rpartition("/")[0] for path in now}
        found = set(self._revision.modified).intersection(now)
        for path in self._revision.deleted:
            parts = path.split("/")
            is_inside = not any(part.startswith(".") for part in parts[:-1])  # neither hidden nor outside
            if path.endswith(".py") and (is_inside or path.rpartition("/")[0] in folders):
                found.add(path)
        return found

    def paths(self) -> Collection[str]:
        """Return the paths of the Python files, relative to the root folder."""
        return self._paths

    def text(self, path: str) -> str:
        """Return the text of a file."""
        if path not in self._old:
            return self._now.text(path)
        try:
            return importlib.util.decode_source(self._old[path])
        except (SyntaxError, UnicodeDecodeError):
            return self._old[path].decode("utf-8", "replace")

    def has(self, path: str) -> bool:
        """Return whether a file exists, Python or not."""
        if path in self._revision.files:
            return True
        return path not in self._revision.added and self._now.has(path)


@dataclass
class Files:
    """The nodes that changed data files belong to.

    Attributes:
        readers: The ids of the nodes that read a file, by path.
        everything: The reasons why all tests must run, each with its facet; "" for every facet.
    """

    readers: dict[str, set[str]] = field(default_factory=dict)
    everything: dict[str, str] = field(default_factory=dict)


class Since:
    """The differences between a revision and the working tree.

    Args:
        root: The root folder of the session.
        revision: The revision.
        nodes: The nodes of the project.
        cache: The parsed modules by the hash of their source.
    """

    def __init__(
        self, root: str, revision: Revision, nodes: Iterable[Node], cache: dict[str, Any] | None = None
    ) -> None:
        from dagflow.testing import CodeGraph, FolderSources

        self.revision = revision
        self.nodes = list(nodes)
        self._sources = FolderSources(root)
        self.now: CodeGraph = CodeGraph(self._sources, cache, is_live=False)
        self.old: CodeGraph = CodeGraph(RevisionSources(revision, self._sources), cache)
        self._facets: dict[str, frozenset[str]] = {}
        self._known: dict[tuple[tuple[str, ...], bool], bool] = {}

    @cached_property
    def has_code(self) -> bool:
        """Whether the code of a Python file differs."""
        return any(
            path in self.now.modules.paths or path in self.old.modules.paths for path in self.revision.changed
        )

    def facets_of(self, node: Node) -> frozenset[str]:
        """Return the facets of a node that differ, by its code and its declaration."""
        if node.id not in self._facets:
            self._facets[node.id] = frozenset(self._find_facets(node)) if self.has_code else frozenset()
        return self._facets[node.id]

    def reasons_of(self, node: Node) -> dict[str, tuple[str, ...]]:
        """Return the facets of a node that differ, each with the blocks of code that differ, for a reader.

        A facet that may differ only because the signature of the function does is left out.
        """
        from dagflow.testing import changed_blocks

        facets = self.facets_of(node)
        if "code" not in facets:
            return dict.fromkeys(sorted(facets), ())
        functions = self.now.roots(node.definition)
        blocks = tuple(changed_blocks(self.old.blocks_from(functions), self.now.blocks_from(functions)))
        return {**dict.fromkeys(sorted(facets - _OF_SIGNATURE), ()), "code": blocks}

    def is_new(self, node: Node) -> bool:
        """Return whether the revision has no code under the names of the definition of a node."""
        ids = [*self.now.roots(node.definition), *self.names_of(node.definition)]
        return bool(ids) and not any(_block_of(self.old, one) for one in ids)

    def is_changed(self, *values: object) -> bool:
        """Return whether the code of a test or fixture differs, without the definitions that it refers to."""
        return self.has_code and self._is_different(self.now.roots(*values), stops=True)

    def is_absent(self, *values: object) -> bool:
        """Return whether the revision lacks the code of a test."""
        ids = self.now.roots(*values)
        return bool(ids) and not any(_block_of(self.old, one) for one in ids)

    def _find_facets(self, node: Node) -> set[str]:
        functions = self.now.roots(node.definition)
        named = self.names_of(node.definition)
        if not functions and not named:  # code that is made at run time: it may come from any module
            return {"code", "module", *_OF_DECLARATION}
        found = self._facets_of_code(functions)
        for block_id in named:
            found |= self._facets_of_declaration(block_id)
        for container in node.part_of:
            for block_id in self.names_of(container):
                if self._is_different([block_id], stops=True) or self._differing_keywords(block_id):
                    found |= _OF_DECLARATION
        if node.attributes.get("resource") and self._are_resources_different:
            found.add("resources")
        return found

    def _facets_of_code(self, functions: list[str]) -> set[str]:
        old, now = self.old.code_from(functions), self.now.code_from(functions)
        found = {"module"} if old.module != now.module else set()
        if old.code == now.code:
            return found
        found.add("code")
        before, after = self.old.blocks_from(functions), self.now.blocks_from(functions)
        differing = [one for one in {*before, *after} if before.get(one) != after.get(one)]
        if any(one in functions or _kind_of(self.now, one) == "class" for one in differing):
            found |= _OF_SIGNATURE
        return found

    def _facets_of_declaration(self, block_id: str) -> set[str]:
        block = _block_of(self.now, block_id)
        if block is not None and block.decorators:
            return self._differing_keywords(block_id)
        return set(_OF_DECLARATION) if self._is_different([block_id], stops=True) else set()

    def _differing_keywords(self, block_id: str) -> set[str]:
        """Return the facets of the arguments of the decorators that differ."""
        old, now = _block_of(self.old, block_id), _block_of(self.now, block_id)
        if old is None or now is None:
            return set() if old is now else set(_OF_DECLARATION)
        if not self._is_different([block_id + _DECLARED], stops=True):
            return set()
        rows = [
            {(one.name, keyword): part for one in block.decorators for keyword, part in one.parts.items()}
            for block in (old, now)
        ]
        differing = [
            keyword
            for name, keyword in {*rows[0], *rows[1]}
            if rows[0].get((name, keyword)) != rows[1].get((name, keyword))
        ]
        # without a difference in the decorators themselves, code that one of their arguments names differs
        keywords = differing or [keyword for (_, keyword), (_, names) in rows[1].items() if names]
        return {FACETS_BY_KEYWORD.get(keyword, "arguments") for keyword in keywords}

    def _is_different(self, ids: Iterable[str], *, stops: bool) -> bool:
        key = tuple(ids), stops
        if key not in self._known:
            old, now = (graph.code_from(key[0], stops=stops) for graph in (self.old, self.now))
            self._known[key] = old != now
        return self._known[key]

    @cached_property
    def _names(self) -> dict[int, list[str]]:
        """The ids of the blocks that hold a value, by the `id()` of the value."""
        found: dict[int, list[str]] = {}
        for path, module in self.modules:
            for name, value in list(vars(module).items()):
                for element in elements_of(value):
                    if _block_of(self.now, f"{path}::{name}") is not None:
                        found.setdefault(id(element), []).append(f"{path}::{name}")
        return found

    @cached_property
    def modules(self) -> list[tuple[str, ModuleType]]:
        """The imported modules of the project, with their paths."""
        found = []
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            path = self._sources.relative(file) if isinstance(file, str) else ""
            if isinstance(module, ModuleType) and path in self.now.modules.paths:
                found.append((path, module))
        return found

    def names_of(self, definition: object) -> list[str]:
        """Return the ids of the blocks that bind the name of a definition.

        It is that of its decorated function if there is one: a list of definitions declares nothing about it.
        """
        named = self._names.get(id(definition), [])
        own = [one for one in named if getattr(_block_of(self.now, one), "decorators", None)]
        return own or named

    def has_block(self, block_id: str, *, of_revision: bool = False) -> bool:
        """Return whether the working tree, or the revision, has a block of code."""
        return _block_of(self.old if of_revision else self.now, block_id) is not None

    @cached_property
    def _are_resources_different(self) -> bool:
        from dagflow import Definitions

        for path, module in self.modules:
            for name, value in list(vars(module).items()):
                if isinstance(value, Definitions) and self._is_different([f"{path}::{name}"], stops=True):
                    return True
        return False

    def files(
        self,
        readers_of: Callable[[str], Collection[str] | None],
        node_files: Iterable[tuple[NodeFiles, Collection[str]]] = (),
        invalidate: Iterable[str] = (),
    ) -> Files:
        """Return the nodes that the changed data files belong to.

        Args:
            readers_of: Returns the ids of the nodes that read a file, by the record; None without a record.
            node_files: The lines of `dag_files`, each with the ids of its nodes.
            invalidate: The globs of `dag_invalidate`.
        """
        found = Files()
        node_files = list(node_files)
        invalidate = list(invalidate)
        for path in sorted(self.revision.changed):
            reason, facet = _reason_for_all(path, invalidate)
            if reason:
                found.everything[reason] = facet
            elif not self._is_code(path) and not is_excluded(path):
                self._add_file(found, path, readers_of(path), node_files)
        return found

    def _add_file(
        self,
        found: Files,
        path: str,
        recorded: Collection[str] | None,
        node_files: list[tuple[NodeFiles, Collection[str]]],
    ) -> None:
        declared = {one for line, nodes in node_files if is_match(path, line.glob) for one in nodes}
        named = self._named_files.get(path, set())
        found.readers[path] = {*declared, *named, *(recorded or ())}
        if recorded is None and not found.readers[path]:
            found.everything[f"'{path}' changed, and no path in the code names it"] = "files"

    def _is_code(self, path: str) -> bool:
        return path in self.now.modules.paths or path in self.old.modules.paths

    @cached_property
    def _named_files(self) -> dict[str, set[str]]:
        """The ids of the nodes whose code names a file, by path."""
        found: dict[str, set[str]] = {}
        for node in self.nodes:
            ids = [*self.now.roots(node.definition), *self.names_of(node.definition)]
            for graph in (self.now, self.old):
                for path in graph.files_named_in(graph.blocks_from(ids)):
                    found.setdefault(path, set()).add(node.id)
        return found


def _reason_for_all(path: str, invalidate: Iterable[str]) -> tuple[str, str]:
    """Return the reason why a changed file concerns all tests, and its facet; empty strings without one."""
    name = PurePosixPath(path).name
    for pattern in invalidate:
        if is_match(path, pattern):
            return f"'{path}' changed, which dag_invalidate names", ""
    if any(is_match(name, pattern) or is_match(path, pattern) for pattern in _PACKAGE_FILES):
        return f"'{path}' changed, which may name other versions of packages", PACKAGES
    if name in _SETTINGS:
        return f"'{path}' changed, which may hold settings of pytest", ""
    return "", ""


def _block_of(graph: CodeGraph, block_id: str) -> Any:
    """Return a block by its id; None if the graph has no such block."""
    path, _, name = block_id.partition("::")
    module = graph.modules.parsed(path) if path in graph.modules.paths else None
    return module.blocks.get(name) if module is not None else None


def _kind_of(graph: CodeGraph, block_id: str) -> str:
    block = _block_of(graph, block_id.removesuffix(_DECLARED))
    return "" if block is None else str(block.kind)
