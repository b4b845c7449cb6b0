"""The prints of nodes and tests: a hash for each facet, to find what changed since the last pass.

A print also has keys with a colon. `block:shop.py::clean` has the digest of a block of code to which the
node leads: it does not count as a difference, but names the block in an explanation. `file:data/x.csv` and
other keys of `outside` have the state of a thing that the code read. Only a recorded print has them, because
the reads of a session are known at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.selecting.links import (
    Fixtures,
    WinningFixtures,
    doctest_function,
    is_project_module,
    methods_beside,
)
from pytest_dagflow.selecting.outside.reads import Reads
from pytest_dagflow.selecting.outside.session import watch_of
from pytest_dagflow.selecting.outside.states import Difference, States, package_keys
from pytest_dagflow.selecting.parsed_modules import parsed_modules
from pytest_dagflow.selecting.record_file import Print

if TYPE_CHECKING:
    from dagflow.testing import CodeGraph, Node

_BLOCK = "block:"
_MAX_BLOCKS = 50
"""A print with more blocks has none of them, so that a record stays small."""
_DIGEST_LENGTH = 12
_RUNTIME = "package:pytest-dagflow"
"""The package on which all nodes depend."""
_RUNTIME_MODULES = frozenset({"dagflow", "pytest_dagflow"})


class Prints:
    """The prints of a session, each computed when it is first used. The files are read once.

    Args:
        config: The config of the session.
        fixtures: The fixtures of the tests, as far as they are known.
    """

    def __init__(self, config: pytest.Config, fixtures: Fixtures | None = None) -> None:
        self._config = config
        self._fixtures = Fixtures() if fixtures is None else fixtures
        self._graph: CodeGraph | None = None
        self._definitions: dict[tuple[int, object], Print] = {}
        self._functions: dict[object, str] = {}
        self._known_roots: dict[WinningFixtures, list[str]] = {}
        self._prints_around: dict[tuple[WinningFixtures, Path], Print] = {}
        self._packages: dict[str, frozenset[str]] = {}
        self._known_reads: dict[tuple[frozenset[str], frozenset[str]], dict[str, str]] = {}
        self._known_differences: dict[tuple[tuple[str, str], ...], list[Difference]] = {}
        self._known_blocks: dict[int, dict[str, str]] = {}

    @property
    def graph(self) -> CodeGraph:
        """The blocks of code of the project."""
        if self._graph is None:
            from dagflow.testing import CodeGraph

            self._graph = CodeGraph(self._config.rootpath, parsed_modules(self._config))
        return self._graph

    def of_node(self, node: Node) -> Print:
        """Return the facets of a node, as far as the code and the definition decide them."""
        return self.of_definition(node.definition, node.key)

    def with_blocks(self, definition: Any, key: Any = None) -> Print:
        """Return the print of a definition, or of one asset or check of it, with the blocks of its code."""
        return {**self.of_definition(definition, key), **self._blocks(definition)}

    def with_reads(self, node: Node, more: Iterable[str]) -> Print:
        """Return the print of a node with the states of what its code read, for the record.

        Args:
            node: The node.
            more: Further keys of things on which the node depends.
        """
        keys = self._keys_of(self.graph.roots(node.definition))
        return {**self.with_blocks(node.definition, node.key), **self._states_of(keys, more)}

    def of_test_with_reads(self, item: pytest.Item, more: Iterable[str]) -> Print:
        """Return the print of a test with the states of what its code read, for the record."""
        test = getattr(item, "obj", None)
        roots = self.graph.roots(*filter(None, (test, *methods_beside(item))))
        keys = self._keys_of_test([*roots, *self._roots_of_fixtures(self._fixtures.of(item))])
        read = self._states_of(keys, more)
        return {**self.of_test(item), **read, **self._reads.of_test(item.nodeid)}

    def _roots_of_fixtures(self, fixtures: WinningFixtures) -> list[str]:
        if fixtures not in self._known_roots:
            self._known_roots[fixtures] = self.graph.roots(*fixtures.functions)
        return self._known_roots[fixtures]

    @cached_property
    def _keys_of(self) -> Callable[[Iterable[str]], frozenset[str]]:
        """The function from blocks to the keys of what their code reads."""
        return self.graph.union_of(self._keys_of_block)

    @cached_property
    def _keys_of_test(self) -> Callable[[Iterable[str]], frozenset[str]]:
        """The same, without the definitions that the code refers to."""
        return self.graph.union_of(self._keys_of_block, stops=True)

    def _keys_of_block(self, block: str) -> frozenset[str]:
        return self._reads.keys_of_block(block) | self._packages_of(block.partition("::")[0])

    @cached_property
    def _reads(self) -> Reads:
        watch = watch_of(self._config)
        return Reads(watch, self.states, self.graph.block_at, self.graph.files_named_in)

    @cached_property
    def states(self) -> States:
        """The current states of files, variables and packages."""
        watch = watch_of(self._config)
        return States(watch.places, watch.environment)

    def _states_of(self, keys: frozenset[str], more: Iterable[str]) -> dict[str, str]:
        more = frozenset(more)
        found = self._known_reads.get((keys, more))
        if found is None:
            found = self._known_reads[keys, more] = self._reads.of_code({*keys, *more, _RUNTIME})
        return found

    def _packages_of(self, path: str) -> frozenset[str]:
        """Return the keys of the packages that a file imports, and of Python."""
        if path not in self._packages:
            parsed = self.graph.modules.parsed(path) if path in self.graph.modules.paths else None
            targets = [] if parsed is None else [*parsed.runs, *parsed.stars]
            targets += [] if parsed is None else [one for found in parsed.imports.values() for one in found]
            absolute = (target.removeprefix("0:") for target in targets if target.startswith("0:"))
            names = {name.partition(":")[0].partition(".")[0] for name in absolute}
            # a name without a package of that name costs a search through all packages
            outside = (name for name in names - _RUNTIME_MODULES if not is_project_module(name))
            self._packages[path] = frozenset(package_keys(outside))
        return self._packages[path]

    def differences(self, stored: Print, current: Print) -> dict[str, str]:
        """Return the reasons why a recorded print differs from a current one, each with its facet.

        A reason is the name of a facet, or a sentence about a file, a variable or a package.
        """
        found = {name: name for name in _differing_facets(stored, current)}
        found.update({one.reason: one.facet for one in self._differences_outside(stored)})
        return found

    def has_changed_outside(self, stored: Print) -> bool:
        """Return whether a thing outside of the code that a recorded print names has changed."""
        return bool(self._differences_outside(stored))

    def _differences_outside(self, stored: Print) -> list[Difference]:
        outside = tuple([pair for pair in stored.items() if _is_outside(pair[0])])
        found = self._known_differences.get(outside)
        if found is None:
            found = self._known_differences[outside] = self.states.differences(dict(outside))
        return found

    def of_definition(self, definition: Any, key: Any = None) -> Print:
        """Return the facets of a definition, or of one asset or check of it.

        A comparison needs no more, and the blocks of a large project cost as much as the facets.
        """
        from dagflow.testing import fingerprint

        identity = id(definition), key
        found = self._definitions.get(identity)
        if found is None:
            facets = fingerprint(definition, key, graph=self.graph)._asdict()
            found = {name: digest[:_DIGEST_LENGTH] for name, digest in facets.items() if digest}
            self._definitions[identity] = found
        return found

    def _blocks(self, definition: object) -> dict[str, str]:
        key = id(definition)
        if key not in self._known_blocks:
            blocks = self.graph.blocks(definition, most=_MAX_BLOCKS)
            self._known_blocks[key] = {
                _BLOCK + name: digest[:_DIGEST_LENGTH] for name, digest in blocks.items()
            }
        return self._known_blocks[key]

    def of_test(self, item: pytest.Item) -> Print:
        """Return the print of a test: its body, parameter values, fixtures and the hooks of its conftests."""
        own = {name: self._code(*values) for name, values in self._own_values(item).items()}
        place = self._fixtures.of(item), item.path
        around = self._prints_around.get(place)
        if around is None:
            values_around = self._values_around(*place)
            around = {name: self._code(*values) for name, values in values_around.items()}
            self._prints_around[place] = around
        return {**own, **around}

    def values_of_test(self, item: pytest.Item) -> dict[str, tuple[object, ...]]:
        """Return the functions and values of each part of a test."""
        return {**self._own_values(item), **self._values_around(self._fixtures.of(item), item.path)}

    def _own_values(self, item: pytest.Item) -> dict[str, tuple[object, ...]]:
        test = getattr(item, "obj", None)
        parts: dict[str, tuple[object, ...]] = {
            "its body": (doctest_function(item) if test is None else test, *methods_beside(item))
        }
        callspec = getattr(item, "callspec", None)
        if callspec is not None and callspec.params:
            parts["its parameters"] = (callspec.params,)
        return parts

    def _values_around(self, fixtures: WinningFixtures, path: Path) -> dict[str, tuple[object, ...]]:
        """Return the functions of the fixtures of a test, and the hooks of the conftests around its file."""
        parts: dict[str, tuple[object, ...]] = {}
        for name, function in fixtures.of_project:
            key = f"fixture '{name}'"
            parts[key] = (*parts.get(key, ()), function)
        for folder, hooks in self._hooks_by_folder.items():
            if folder in path.parents:
                parts.update(hooks)
        return parts

    @cached_property
    def _hooks_by_folder(self) -> dict[Path, dict[str, tuple[object, ...]]]:
        """The hooks of each conftest, by its folder."""
        found: dict[Path, dict[str, tuple[object, ...]]] = {}
        for plugin in self._config.pluginmanager.get_plugins():
            hooks = dict(_hooks_of(plugin))
            if not hooks or not isinstance(plugin, ModuleType) or not plugin.__file__:
                continue
            file = Path(plugin.__file__)
            # the hooks of another plugin of the project work everywhere
            folder = file.parent if file.name == "conftest.py" else self._config.rootpath
            name = f"a hook in {file.name}" if folder == self._config.rootpath else f"a hook in {file}"
            found.setdefault(folder, {})[name] = tuple(hooks.values())
        return found

    def _code(self, *values: object) -> str:
        """Return a hash of the code of functions and values, without the definitions that they refer to."""
        key = values if all(callable(value) for value in values) else None
        try:
            known = None if key is None else self._functions.get(key)
        except TypeError:  # a function object without a hash
            key = known = None
        if known is None:
            code, module = self.graph.code_of_test(*values)
            known = code[:_DIGEST_LENGTH] + module[:_DIGEST_LENGTH]
            if key is not None:
                self._functions[key] = known
        return known


def _hooks_of(plugin: object) -> Iterator[tuple[str, Callable[..., object]]]:
    if isinstance(plugin, ModuleType) and is_project_module(plugin.__name__):
        for name, value in list(vars(plugin).items()):
            if name.startswith("pytest_") and callable(value):
                yield name, value


def _differing_facets(stored: Print, current: Print) -> frozenset[str]:
    absent = [name for name in stored.keys() - current.keys() if ":" not in name]
    differing = [name for name in current if stored.get(name) != current[name] and ":" not in name]
    return frozenset([*absent, *differing])


def _is_outside(key: str) -> bool:
    return ":" in key and not key.startswith(_BLOCK)


def differing_blocks(stored: Print, current: Print) -> list[str]:
    """Return a sentence for each block of code in which two prints differ."""
    from dagflow.testing import changed_blocks

    return changed_blocks(
        *(
            {name.removeprefix(_BLOCK): digest for name, digest in one.items() if name.startswith(_BLOCK)}
            for one in (stored, current)
        )
    )
