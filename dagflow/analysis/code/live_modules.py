"""Imported modules on the graph of code blocks: the blocks of live functions and classes, and live values."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from dagflow.analysis.code.closure import LiveValue
from dagflow.analysis.code.definitions import is_definition
from dagflow.analysis.code.live import Described, bound_values, compiled, layers, methods_of, name_of
from dagflow.analysis.code.modules import FolderSources, Modules, is_library
from dagflow.analysis.code.references import WIDE, References, id_of, parts_of

_LOCAL = "<locals>"


class _Root(NamedTuple):
    """A live function or class on the graph.

    Attributes:
        ids: The blocks of its code.
        text: Its name, and the values that it holds.
        more: The functions and classes in these values.
    """

    ids: tuple[str, ...]
    text: str
    more: tuple[Any, ...]


class LiveModules:
    """The imported modules of a project.

    Args:
        modules: The modules of the project.
        sources: The folder with their files.
    """

    def __init__(self, modules: Modules, sources: FolderSources) -> None:
        self.modules = modules
        self.sources = sources
        self._namespaces: dict[str, Mapping[str, Any]] = {}
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and file.endswith(".py"):
                place = self.sources.relative(file) if not is_library(file) else ""
                if place in modules.paths:
                    self._namespaces[place] = vars(module)
        self._places: dict[str, str | None] = {}
        self._values: dict[tuple[str, str], LiveValue | None] = {}
        self._roots: dict[int, tuple[Any, _Root]] = {}
        self._users: dict[str, set[str]] | None = None

    def place(self, path: str) -> str | None:
        """Return the path of a project file relative to the root; None for a file of a library."""
        if path not in self._places:
            self._places[path] = self._place(path)
        return self._places[path]

    def _place(self, path: str) -> str | None:
        if path.startswith("<"):
            return None
        absolute = os.path.join(self.sources.root, path)
        place = self.sources.relative(absolute)
        if place in self.modules.paths:
            return place
        if not path.endswith(".py") or is_library(absolute) or not os.path.isfile(absolute):
            return None
        self.modules.add(place)  # such as a test file outside of the root
        return place

    def value_of(self, path: str, name: str) -> LiveValue | None:
        """Return the value of a name of a module; None if the module is not imported or has no such name."""
        key = (path, name)
        if key not in self._values:
            namespace = self._namespaces.get(path, {})
            self._values[key] = None  # while the value is described
            if name in namespace:
                described = Described(namespace[name])
                ids, text = self._follow(described)
                self._values[key] = LiveValue(text, tuple(ids), described.is_plain)
        return self._values[key]

    def is_definition(self, path: str, name: str) -> bool | None:
        """Return whether the value of a name is a definition; None if the module is not imported."""
        namespace = self._namespaces.get(path)
        if namespace is None or name not in namespace:
            return None
        return is_definition(namespace[name])

    def roots_of(self, values: Iterable[object], stops: bool = False) -> tuple[list[str], str]:
        """Return the ids of the blocks of live values, and the text of the values themselves."""
        values = tuple(values)
        if len(values) == 1 and type(values[0]) is FunctionType:  # most tests: the same, in fewer steps
            found = self._root(values[0], id(values[0]))
            if not found.more:
                return list(dict.fromkeys(found.ids)), f"tuple[{name_of(values[0])}]\n{found.text}"
        return self._follow(Described(values, stops=stops))

    def _follow(self, described: Described) -> tuple[list[str], str]:
        """Return the ids of the blocks in a value, and its text with that of the functions in it."""
        if not described.roots:
            return [], described.text
        ids: dict[str, None] = {}
        texts = [described.text]
        todo = list(described.roots)
        seen: set[int] = set()
        while todo:
            root = todo.pop()
            identity = id(root)
            if identity not in seen:
                seen.add(identity)
                found = self._root(root, identity)
                ids.update(dict.fromkeys(found.ids))
                texts.append(found.text)
                todo += found.more
        return list(ids), "\n".join(texts)

    def _root(self, root: Any, identity: int) -> _Root:
        known = self._roots.get(identity)
        if known is None or known[0] is not root:
            found = self._class_root(root) if isinstance(root, type) else self._function_root(root)
            known = self._roots[identity] = (root, found)
        return known[1]

    def _function_root(self, root: Any) -> _Root:
        if type(root) is FunctionType and not root.__dict__:  # without a layer
            return self._values_of(root, self._block_of(root.__code__, root.__globals__))
        ids: list[str] = []
        texts: list[str] = []
        more: list[Any] = []
        for layer in layers(root):
            if isinstance(layer, FunctionType):
                block = self._block_of(layer.__code__, layer.__globals__)
                found = self._values_of(layer, block)
                texts.append(found.text)
                ids += found.ids
                more += found.more
        return _Root(tuple(ids), "\n".join(texts), tuple(more))

    def _values_of(self, function: FunctionType, block: str | None) -> _Root:
        """Return a function with its closure cells and defaults, or as compiled code if it has no source."""
        name = function.__qualname__
        if block is None and self._is_outside(function):
            return _Root((), f"{function.__module__}.{name}", ())
        values = list(bound_values(function))
        if block is not None and not values:  # as most functions
            return _Root((block,), name, ())
        if block is None:
            name = compiled(function)
            names = sorted(_names_in(function.__code__))
            values += [(one, function.__globals__[one]) for one in names if one in function.__globals__]
        texts, more = [name], []
        ids = [] if block is None else [block]
        for name, value in values:
            described = Described(value)
            texts.append(f"{name}={described.text}")
            more += described.roots
            if described.is_opaque and block is not None:
                ids += self._users_of(block)
        return _Root(tuple(ids), "\n".join(texts), tuple(more))

    def _is_outside(self, function: FunctionType) -> bool:
        """Return whether a function belongs to a library, whose code does not count."""
        path = function.__code__.co_filename
        top = (function.__module__ or "").partition(".")[0]
        return (not path.startswith("<") and is_library(path)) or top in ("dagflow", "pytest_dagflow")

    def _block_of(self, code: CodeType, namespace: Mapping[str, Any] | None = None) -> str | None:
        """Return the id of the block with some compiled code; None if its source is not in the project."""
        place = self.place(code.co_filename)
        if place is None:
            return None
        if namespace is not None and place not in self._namespaces:
            self._namespaces[place] = namespace
        module = self.modules.parsed(place)
        name = module.block_at(code.co_firstlineno) if module else ""
        return id_of(place, name or WIDE) if module else place

    def _class_root(self, cls: type) -> _Root:
        ids: list[str] = []
        texts: list[str] = []
        more: list[Any] = []
        for base in cls.__mro__:
            module = sys.modules.get(base.__module__)
            methods = methods_of(base)
            files = [getattr(module, "__file__", None) or "", *(one.__code__.co_filename for one in methods)]
            places = [place for place in map(self.place, filter(None, files)) if place is not None]
            texts.append(f"{base.__module__}.{base.__qualname__}")
            if places:
                ids.append(self._class_block(places[0], base, methods))
            elif any(file.startswith("<") for file in files) and not any(map(self._is_outside, methods)):
                texts += [compiled(method) for method in methods]  # a class without source
            if _LOCAL in base.__qualname__ and places:
                for method in methods:
                    found = self._values_of(method, ids[-1])
                    texts.append(found.text)
                    more += found.more
        return _Root(tuple(ids), "\n".join(texts), tuple(more))

    def _class_block(self, place: str, cls: type, methods: Iterable[FunctionType]) -> str:
        module = self.modules.parsed(place)
        if module is None:
            return place
        head = cls.__qualname__.partition(".")[0]
        if head in module.blocks:
            return id_of(place, head)
        for method in methods:
            if self.place(method.__code__.co_filename) == place:
                name = module.block_at(method.__code__.co_firstlineno)
                return id_of(place, name or WIDE)
        return id_of(place, WIDE)

    def _users_of(self, block: str) -> list[str]:
        """Return the blocks of imported modules that refer to a block.

        A function that was made with a value without text may differ with the code that made it.
        """
        if self._users is None:
            self._users = {}
            references = References(self.modules)
            for path in list(self._namespaces):
                module = self.modules.parsed(path)
                for name, one in module.blocks.items() if module else ():
                    for reference in one.references:
                        for target in references.resolve(path, reference).ids:
                            self._users.setdefault(target, set()).add(id_of(path, name))
        wide = id_of(parts_of(block)[0], WIDE)
        return sorted(self._users.get(block, set()) | self._users.get(wide, set()))


def _names_in(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names_in(constant)
    return names
