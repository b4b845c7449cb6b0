"""The graph of code blocks of a project, with live functions, classes and values on it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

from dagflow.analysis.code.blocks import digest_of
from dagflow.analysis.code.closure import Closures, Code
from dagflow.analysis.code.live import plain_key, plain_text
from dagflow.analysis.code.live_modules import LiveModules
from dagflow.analysis.code.modules import FolderSources, Modules, Sources
from dagflow.analysis.code.references import id_of, parts_of
from dagflow.errors import ParameterCheckError


class CodeGraph:
    """The blocks of code of a project, and what each leads to.

    A block is a function, a class, or a name of a module with the statements that bind it. Its id is
    `shop/helpers.py::clean`; that of the other statements of a module is `shop/helpers.py`. Modules are
    parsed and not imported. A graph is a snapshot: make a new one after files have changed.

    Args:
        sources: The files of the project: a root folder, or another reader such as one of a git revision.
        cache: Parsed modules by the hash of their source, as values for JSON. The graph adds modules.
        is_live: Whether the values of live modules count. Not for code that is not imported.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from dagflow.testing import CodeGraph
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "shop.py").write_text("RATE = 3\\ndef price(n):\\n    return n * RATE\\n")
        ...     graph = CodeGraph(folder)
        ...     graph.block_at("shop.py", 3), sorted(graph.blocks_from(["shop.py::price"]))
        ('shop.py::price', ['shop.py::RATE', 'shop.py::price'])
    """

    def __init__(
        self,
        sources: Sources | str | os.PathLike[str],
        cache: MutableMapping[str, Any] | None = None,
        *,
        is_live: bool = True,
    ) -> None:
        self.sources: Sources = FolderSources(sources) if isinstance(sources, (str, os.PathLike)) else sources
        self.modules = Modules(self.sources, cache)
        self._live = (
            LiveModules(self.modules, self.sources) if isinstance(self.sources, FolderSources) else None
        )
        self._plain: dict[bytes, Code | None] = {}
        self._files: dict[str, tuple[str, ...]] = {}
        self._closures = Closures(self.modules, self._live if is_live else None)

    def code(self, *values: object) -> Code:
        """Return the digests of the code of functions, classes and other live values, definitions included.

        Args:
            values: Functions, classes, partials, objects, or lists and dicts of them. Plain data counts too.

        Returns:
            `code`, the digest of the code and of everything it leads to, and `module`, that of the statements
            without a name of the modules that it imports.
        """
        return self._code(values, stops=False)

    def code_of_test(self, *values: object) -> Code:
        """Return the digests of the code of a test, as `code` does, without definitions that it refers to.

        An op, asset, check, graph, job, schedule or sensor is a node and has a fingerprint of its own.

        Args:
            values: The test function, its fixture functions, hooks, parameters, and other live values.
        """
        return self._code(values, stops=True)

    def blocks(self, *values: object, stops: bool = False, most: int | None = None) -> dict[str, str]:
        """Return the digest of each block to which live values lead, by the id of the block.

        Args:
            values: Functions, definitions, classes or other values.
            stops: Whether definitions that the code refers to are left out, as for a test.
            most: The largest number of blocks. If there are more, the dict is empty.
        """
        return self._closures.blocks(self.roots(*values), stops, most)

    def union_of(
        self, facts: Callable[[str], frozenset[str]], *, stops: bool = False
    ) -> Callable[[Iterable[str]], frozenset[str]]:
        """Return a function from ids of blocks to the union of facts about all blocks that they lead to.

        One function for many blocks computes shared code once.

        Args:
            facts: Returns the facts about the block of an id, such as the files that it reads.
            stops: Whether definitions that the code refers to are left out, as for a test.

        Example:
            >>> import tempfile
            >>> from pathlib import Path
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     _ = Path(folder, "shop.py").write_text("RATE = 3\\ndef price():\\n    return RATE\\n")
            ...     union = CodeGraph(folder).union_of(lambda block: frozenset([block.upper()]))
            ...     sorted(union(["shop.py::price"]))
            ['SHOP.PY::PRICE', 'SHOP.PY::RATE']
        """
        return self._closures.unions(facts, stops).of

    def roots(self, *values: object) -> list[str]:
        """Return the ids of the blocks of functions, classes, definitions or other live values themselves."""
        return self._roots_of(values, stops=False)[0]

    def code_from(self, ids: Iterable[str], *, stops: bool = False) -> Code:
        """Return the digests of blocks and of everything they lead to, by syntax alone.

        Args:
            ids: Ids of blocks, such as `shop/helpers.py::clean`. A missing block has a digest too.
            stops: Whether definitions that the code refers to are left out, as for a test.
        """
        return self._closures.of(ids, stops)

    def blocks_from(self, ids: Iterable[str], *, stops: bool = False) -> dict[str, str]:
        """Return the digest of each block to which blocks lead, by id.

        Args:
            ids: Ids of blocks.
            stops: Whether definitions that the code refers to are left out, as for a test.
        """
        return self._closures.blocks(ids, stops)

    def arguments_of(self, block_id: str) -> dict[str, tuple[str, list[str]]]:
        """Return the arguments of the decorators with which dagflow makes a definition, by syntax.

        Args:
            block_id: The id of the block of the definition.

        Returns:
            The digest of each argument and the ids of the blocks that it refers to, by keyword. Positional
            arguments are under the empty string.
        """
        return self._closures.arguments_of(block_id)

    def block_at(self, path: str, line: int) -> str | None:
        """Return the id of the block around a line; None for a file that is no module of the project.

        Args:
            path: The path of the file, absolute or relative to the root.
            line: The line, from 1.
        """
        place = self._live.place(path) if self._live else path
        if place is None or place not in self.modules.paths:
            return None
        module = self.modules.parsed(place)
        return id_of(place, module.block_at(line) if module else "")

    def files_named_in(self, ids: Iterable[str]) -> list[str]:
        """Return the paths of the existing project files that string literals of blocks name.

        Args:
            ids: The ids of the blocks.
        """
        return list(dict.fromkeys(path for block_id in ids for path in self._files_of(block_id)))

    def _files_of(self, block_id: str) -> tuple[str, ...]:
        found = self._files.get(block_id)
        if found is None:
            path, name = parts_of(block_id.removesuffix("@"))
            module = self.modules.parsed(path) if path in self.modules.paths else None
            block = module.blocks.get(name) if module else None
            places = (self._place_of(literal, path) for literal in (block.literals if block else ()))
            found = self._files[block_id] = tuple(filter(None, places))
        return found

    def _place_of(self, literal: str, path: str) -> str:
        """Return the file that a literal names from the nearest folder around a module; empty for no file."""
        folders = path.split("/")[:-1]
        for count in range(len(folders), -1, -1):
            place = _normal("/".join([*folders[:count], literal.replace("\\", "/")]))
            if place and self.sources.has(place):
                return place
        return ""

    def _code(self, values: tuple[object, ...], stops: bool) -> Code:
        key = plain_key(values)
        if key is not None and key not in self._plain:
            plain = plain_text(values)
            self._plain[key] = None if plain is None else Code(digest_of(plain), "")
        known = None if key is None else self._plain[key]
        if known is not None:
            return known
        ids, text = self._roots_of(values, stops)
        if not ids:
            return Code(digest_of(text), "")
        code = self._closures.of(ids, stops)
        return Code(digest_of(code.code, text), code.module)

    def _roots_of(self, values: Iterable[object], stops: bool) -> tuple[list[str], str]:
        if self._live is None:
            raise ParameterCheckError(
                "live values have no place in a graph whose sources are not a folder: pass ids to `code_from`"
            )
        return self._live.roots_of(values, stops)


def _normal(place: str) -> str:
    """Return a path without `.` and `..`; the empty string if it leaves the root."""
    normal = posixpath.normpath(place)
    return "" if normal.startswith(("..", "/")) or normal == "." else normal


def changed_blocks(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return a sentence for each block that differs between two closures.

    Args:
        before: The digests of the earlier blocks, by id.
        after: The digests of the present blocks.

    Example:
        >>> before = {"shop.py::price": "1", "shop.py::old": "2"}
        >>> changed_blocks(before, {"shop.py::price": "3", "shop.py": "4"})
        ['shop.py: statements of the module are new', 'shop.py: old was removed', 'shop.py: price changed']
    """
    lines = []
    for block_id in sorted(before.keys() | after.keys()):
        if before.get(block_id) != after.get(block_id):
            path, name = parts_of(block_id)
            change = (
                "was removed" if block_id not in after else "is new" if block_id not in before else "changed"
            )
            if name.endswith("@"):
                name = f"the decorators of {name.removesuffix('@')}"
            elif not name:
                name, change = "statements of the module", change.replace("was", "were").replace("is", "are")
            lines.append(f"{path}: {name} {change}")
    return lines
