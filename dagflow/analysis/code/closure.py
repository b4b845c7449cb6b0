"""Closures: the digests of all blocks to which a block leads, also through cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from dagflow.analysis.code.blocks import Block, digest_of
from dagflow.analysis.code.components import Unions, components
from dagflow.analysis.code.definitions import is_declaration, makes_definition
from dagflow.analysis.code.modules import Modules
from dagflow.analysis.code.references import WIDE, References, id_of, parts_of

DECLARED = "@"
"""The last letter of the id of the decorators of a definition, such as `shop.py::beans@`."""
_RUN = "+"
"""The first letter of a node that leads to what an import of a module runs, such as `+shop.py`."""


class Code(NamedTuple):
    """The digests of code and of everything it leads to.

    Attributes:
        code: The digest of the blocks.
        module: The digest of the statements without a name that run when the modules of these blocks are
            imported.
    """

    code: str
    module: str


class LiveValue(NamedTuple):
    """The value of a name of a module at run time.

    Attributes:
        text: Its plain data as a string.
        ids: The blocks of the classes and functions in it.
        is_plain: Whether the text is the whole value, so that the syntax of its assignment does not count.
    """

    text: str
    ids: tuple[str, ...]
    is_plain: bool


class Live(Protocol):
    """The modules that are imported."""

    def value_of(self, path: str, name: str) -> LiveValue | None:
        """Return the value of a name of a module; None if the module is not imported."""

    def is_definition(self, path: str, name: str) -> bool | None:
        """Return whether the value of a name is a definition; None if the module is not imported."""


class _Node(NamedTuple):
    digest: str
    children: tuple[str, ...]
    runs: tuple[str, ...]


class _Link(NamedTuple):
    """A reference with its targets: the texts for the digest, the blocks, and the modules that it runs."""

    texts: tuple[str, ...]
    children: tuple[str, ...]
    runs: tuple[str, ...]


class _Closed(NamedTuple):
    digest: str
    effects: frozenset[str]


class Closures:
    """The closures of the blocks of a project.

    Args:
        modules: The modules of the project.
        live: The modules that are imported; None if only the syntax counts.
    """

    def __init__(self, modules: Modules, live: Live | None = None) -> None:
        self.modules = modules
        self.references = References(modules)
        self._live = live
        self._nodes: dict[str, _Node] = {}
        self._definitions: dict[str, bool] = {}
        self._closed: tuple[dict[str, _Closed], dict[str, _Closed]] = ({}, {})
        self._links: dict[tuple[str, str], _Link] = {}
        self._effects: dict[str, frozenset[str]] = {}
        self._of_effects: dict[tuple[bool, frozenset[str]], str] = {}

    def of(self, ids: Iterable[str], stops: bool = False) -> Code:
        """Return the digests of blocks and of everything they lead to.

        Args:
            ids: The ids of the blocks.
            stops: Whether definitions of dagflow that the code refers to are left out.
        """
        closed = [self._close(one, stops) for one in dict.fromkeys(ids)]
        if len(closed) == 1:
            return Code(closed[0].digest, self._effect_digest(closed[0].effects, stops))
        effects: frozenset[str] = frozenset().union(*(one.effects for one in closed))
        return Code(digest_of(*sorted(one.digest for one in closed)), self._effect_digest(effects, stops))

    def blocks(self, ids: Iterable[str], stops: bool = False, most: int | None = None) -> dict[str, str]:
        """Return the digest of each block in the closure of blocks, by id.

        Args:
            ids: The ids of the blocks.
            stops: Whether definitions that the code refers to are left out.
            most: The largest number of blocks. If there are more, the dict is empty.
        """
        found: dict[str, str] = {}
        run: set[str] = set()
        todo = list(ids)
        while todo:
            current = todo.pop()
            if current not in found:
                node = self._node(current)
                found[current] = node.digest
                if most is not None and len(found) > most and sum(map(_is_block, found)) > most:
                    return {}
                todo += self._children_that_stop(current) if stops else node.children
                for path in node.runs:
                    if path not in run:
                        run.add(path)
                        todo += self.effects_of(path)
        return {one: found[one] for one in sorted(found) if _is_block(one)}

    def unions(self, facts: Callable[[str], frozenset[str]], stops: bool = False) -> Unions:
        """Return the unions of facts over the blocks in closures.

        Args:
            facts: Returns the facts about the block of an id.
            stops: Whether definitions that the code refers to are left out.
        """

        def children(node_id: str) -> Iterable[str]:
            if node_id.startswith(_RUN):
                return self.effects_of(node_id.removeprefix(_RUN))
            blocks = self._children_that_stop(node_id) if stops else self._all_children(node_id)
            return [*blocks, *(_RUN + path for path in self._node(node_id).runs)]

        def facts_of(node_id: str) -> frozenset[str]:
            return facts(node_id) if _is_block(node_id) and not node_id.startswith(_RUN) else frozenset()

        return Unions(children, facts_of)

    def effects_of(self, path: str) -> frozenset[str]:
        """Return the modules with statements without a name that an import of a module runs."""
        if path not in self._effects:
            for component, below in components(path, self._imported_by, self._effects):
                found = {one for one in component if self._has_effects(one)}
                found.update(*(self._effects[one] for one in below))
                self._effects.update(dict.fromkeys(component, frozenset(found)))
        return self._effects[path]

    def _has_effects(self, path: str) -> bool:
        module = self.modules.parsed(path)
        return module is None or "" in module.blocks

    def _imported_by(self, path: str) -> list[str]:
        module = self.modules.parsed(path)
        imported = self.references.run_by(path, module.runs) if module else []
        return [*imported, *self.modules.packages_of(path)]

    def _effect_digest(self, effects: frozenset[str], stops: bool) -> str:
        key = (stops, effects)
        if key not in self._of_effects:
            every, todo = set(effects), list(effects)
            while todo:
                more = self._close(todo.pop(), stops).effects - every
                every |= more
                todo += more
            digests = sorted(self._close(one, stops).digest for one in every)
            self._of_effects[key] = digest_of(*digests) if digests else ""
        return self._of_effects[key]

    def _close(self, block_id: str, stops: bool) -> _Closed:
        done = self._closed[stops]
        found = done.get(block_id)
        if found is None:
            children = self._children_that_stop if stops else self._all_children
            for component, below in components(block_id, children, done):
                own = sorted([self._node(one).digest for one in component])
                digests = (*own, "", *sorted([done[one].digest for one in below]))
                effects = self._effects_of_all(component, [done[one].effects for one in below])
                # the blocks of a cycle share its digest, and differ by their ids
                shared = digests if len(component) == 1 else (digest_of(*digests),)
                for one in component:
                    done[one] = _Closed(digest_of(one, *shared), effects)
            found = done[block_id]
        return found

    def _effects_of_all(self, component: Iterable[str], below: Iterable[frozenset[str]]) -> frozenset[str]:
        found = {self.effects_of(path) for one in component for path in self._node(one).runs}
        found.update(below)
        return found.pop() if len(found) == 1 else frozenset().union(*found)

    def _all_children(self, block_id: str) -> Sequence[str]:
        return self._node(block_id).children

    def _children_that_stop(self, block_id: str) -> Sequence[str]:
        return [one for one in self._node(block_id).children if not self.is_definition(one)]

    def is_definition(self, block_id: str) -> bool:
        """Return whether a block is a definition of dagflow, such as an op, asset, check or job."""
        known = self._definitions.get(block_id)
        if known is None:
            known = self._definitions[block_id] = self._is_definition(block_id.removesuffix(DECLARED))
        return known

    def _is_definition(self, block_id: str) -> bool:
        path, name = parts_of(block_id)
        module = self.modules.parsed(path) if path in self.modules.paths else None
        block = module.blocks.get(name) if module and name else None
        if block is None:
            return False
        live = self._live.is_definition(path, name) if self._live else None
        if live is not None:
            return live
        calls = [one.name for one in block.decorators] + [block.call]
        return any(makes_definition(self._outside(path, one)) for one in calls)

    def _outside(self, path: str, chain: str) -> tuple[str, ...]:
        return self.references.resolve(path, chain).outside if chain else ()

    def _node(self, block_id: str) -> _Node:
        node = self._nodes.get(block_id)
        if node is None:
            node = self._nodes[block_id] = self._make(block_id)
        return node

    def _make(self, block_id: str) -> _Node:
        if block_id.startswith("**"):
            paths = self.modules.named(block_id[2:])
            return _Node(digest_of(block_id), tuple(id_of(path, WIDE) for path in paths), tuple(paths))
        path, name = parts_of(block_id)
        module = self.modules.parsed(path) if path in self.modules.paths else None
        if module is None:
            text = self.modules.sources.text(path) if path in self.modules.paths else ""
            return _Node(digest_of("unknown", name, text), (), (path,) if text else ())
        if name == WIDE:
            return self._whole(path)
        if name.endswith(DECLARED):
            return self._declared(path, module.blocks[name.removesuffix(DECLARED)])
        block = module.blocks.get(name)
        if block is None:
            return _Node(digest_of("absent", name), (), (path,))
        return self._of_block(path, block)

    def _whole(self, path: str) -> _Node:
        """Make the node of a whole module: its blocks, and what it imports."""
        module = self.modules.parsed(path)
        assert module is not None
        children = [child for name in module.blocks for child in self._with_declared(path, name)]
        names = [f"@{target}" for targets in module.imports.values() for target in targets]
        names += [f"@{star}" for star in module.stars]
        outside: list[str] = []
        for reference in names:
            targets = self.references.resolve(path, reference)
            children += targets.ids
            outside += targets.outside
        children += [id_of(one, WIDE) for one in self.modules.within(path)]
        return _Node(digest_of("*", *sorted(outside)), tuple(dict.fromkeys(children)), (path,))

    def _of_block(self, path: str, block: Block) -> _Node:
        is_value = self._live is not None and block.kind in ("name", "state")
        live = self._live.value_of(path, block.name) if self._live and is_value else None
        if live is not None and live.is_plain and block.kind == "name":
            return _Node(digest_of("value", live.text), live.ids, (path,))
        digests, references = [block.digest], list(block.references)
        for one in block.decorators:
            if not is_declaration(self._outside(path, one.name)):
                for keyword, (digest, more) in one.parts.items():
                    digests += [keyword, digest]
                    references += more
                references += [one.name] if one.name else []
        node = self._linked(path, digests, references)
        users = self._users_at_import(path, block) if block.writers else []
        if live is None and not users:
            return node
        return _Node(
            digest_of(node.digest, live.text if live else "", *users),
            tuple(dict.fromkeys((*node.children, *(live.ids if live else ()), *users))),
            node.runs,
        )

    def _users_at_import(self, path: str, block: Block) -> list[str]:
        """Return the blocks of other modules that may change a block while their module is imported.

        They use a function that changes it, such as a decorator that registers what it decorates.
        """
        writers = {id_of(path, name) for name in block.writers}
        found = []
        for other in {one for name in block.writers for one in self.modules.mentioning(name)} - {path}:
            module = self.modules.parsed(other)
            for name, one in module.blocks.items() if module else ():
                used = [decorator.name for decorator in one.decorators]
                used += [] if one.kind == "function" else one.references
                targets = (target for chain in used if chain for target in self._ids_of(other, chain))
                if not writers.isdisjoint(targets):
                    found.append(id_of(other, name))
        return sorted(found)

    def _ids_of(self, path: str, chain: str) -> tuple[str, ...]:
        return self.references.resolve(path, chain).ids

    def _declared(self, path: str, block: Block) -> _Node:
        """Make the node of the decorators of a definition."""
        digests: list[str] = []
        references: list[str] = []
        for one in block.decorators:
            if is_declaration(self._outside(path, one.name)):
                for keyword, (digest, more) in sorted(one.parts.items()):
                    digests += [keyword, digest]
                    references += more
        return self._linked(path, digests, references)

    def _linked(self, path: str, digests: list[str], references: Iterable[str]) -> _Node:
        children: dict[str, None] = {}
        runs: dict[str, None] = {path: None}
        texts: list[str] = []
        for reference in sorted(set(references)):
            link = self._links.get((path, reference))
            if link is None:
                link = self._links[path, reference] = self._link(path, reference)
            texts += link.texts
            children.update(dict.fromkeys(link.children))
            if link.runs:
                runs.update(dict.fromkeys(link.runs))
        return _Node(digest_of(*digests, "", *texts), tuple(children), tuple(runs))

    def _link(self, path: str, reference: str) -> _Link:
        targets = self.references.resolve(path, reference)
        texts = (reference, *targets.ids, "", *targets.outside) if targets.ids or targets.outside else ()
        children = [child for target in targets.ids for child in self._with_declared(*parts_of(target))]
        return _Link(texts, tuple(dict.fromkeys(children)), targets.runs)

    def arguments_of(self, block_id: str) -> dict[str, tuple[str, list[str]]]:
        """Return the digest of each argument of the decorators of a definition, and its blocks."""
        path, name = parts_of(block_id)
        module = self.modules.parsed(path) if path in self.modules.paths else None
        block = module.blocks.get(name) if module else None
        found: dict[str, tuple[str, list[str]]] = {}
        for one in block.decorators if block else ():
            if is_declaration(self._outside(path, one.name)):
                for keyword, (digest, references) in one.parts.items():
                    node = self._linked(path, [digest], references)
                    earlier, ids = found.get(keyword, ("", []))
                    ids = [*ids, *(child for child in node.children if not self.is_definition(child))]
                    found[keyword] = (digest_of(earlier, node.digest), ids)
        return found

    def _with_declared(self, path: str, name: str) -> list[str]:
        """Return the id of a block, and that of its decorators if they declare a definition."""
        module = self.modules.parsed(path) if path in self.modules.paths else None
        block = module.blocks.get(name) if module and name else None
        ids = [id_of(path, name)]
        if block and any(is_declaration(self._outside(path, one.name)) for one in block.decorators):
            ids.append(id_of(path, name) + DECLARED)
        return ids


def _is_block(node_id: str) -> bool:
    return not node_id.endswith(WIDE)
