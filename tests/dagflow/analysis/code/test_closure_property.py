"""The graph of code blocks on drawn projects: an edit that changes a result changes the digest."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import profiles
from hypothesis import given, note, reject, settings
from hypothesis import strategies as st

from dagflow.testing import CodeGraph

MODULES = ("low", "mid", "top")
KINDS = (
    "constant",
    "function",
    "class",
    "subclass",
    "lambda",
    "factory",
    "partial",
    "decorated",
    "dataclass",
    "enum",
    "state",
    "alias",
    "condition",
    "method",
    "default",
    "nested",
    "generator",
    "tuple",
    "augmented",
)
WAYS = ("module", "aliased", "local", "renamed", "package", "star", "getattr", "dynamic")


@dataclass(frozen=True)
class Item:
    """A drawn definition of a module.

    Attributes:
        kind: One of KINDS.
        module: The number of its module.
        number: A literal in its code.
        refs: The numbers of the earlier items that it reads, each with the way of the reference.
    """

    kind: str
    module: int
    number: int
    refs: tuple[tuple[int, str], ...]


@st.composite
def items(draw: Any, size: int) -> list[Item]:
    """Return drawn items. Each reads earlier items only, so that every evaluation ends."""
    return [draw(item(index)) for index in range(size)]


@st.composite
def item(draw: Any, index: int) -> Item:
    """Return one drawn item."""
    refs = (
        st.lists(st.tuples(st.integers(0, index - 1), st.sampled_from(WAYS)), max_size=2)
        if index
        else st.just([])
    )
    return Item(
        draw(st.sampled_from(KINDS)), draw(st.integers(0, 2)), draw(st.integers(0, 3)), tuple(draw(refs))
    )


class Source:
    """The source code of drawn items."""

    def __init__(self, drawn: list[Item]) -> None:
        self.items = drawn
        self.imports: dict[int, dict[str, None]] = {0: {}, 1: {}, 2: {}}
        self.lines: dict[int, list[str]] = {0: [], 1: [], 2: []}
        for index, one in enumerate(drawn):
            self.lines[one.module] += self._lines(index, one)

    def files(self) -> dict[str, str]:
        """Return the text of each file."""
        files = {"pkg/__init__.py": "".join(f"from pkg.{name} import *\n" for name in MODULES)}
        for number, name in enumerate(MODULES):
            head = [
                "import functools, importlib",
                "from dataclasses import dataclass",
                "from enum import Enum",
            ]
            files[f"pkg/{name}.py"] = "\n".join([*head, *self.imports[number], *self.lines[number], ""])
        return files

    def value(self, index: int, prefix: str = "") -> str:
        """Return the expression of the value of an item."""
        call = {
            "constant": "",
            "class": "().get()",
            "subclass": "().get()",
            "method": ".get()",
            "lambda": "['k']()",
            "dataclass": "().rate",
            "enum": ".A.value",
            "state": "[0]",
            "condition": "",
            "alias": "[0]()",
            "tuple": "",
            "augmented": "",
        }
        return f"{prefix}n{index}{call.get(self.items[index].kind, '()')}"

    def _read(self, reader: Item, target: int, way: str, is_lazy: bool) -> str:
        """Return an expression that reads an item from the module of another item."""
        home = self.items[target].module
        name, module = f"n{target}", MODULES[home]
        imports = self.imports[reader.module]
        if home == reader.module:
            return self.value(target)
        if not is_lazy and home > reader.module:
            return "1"  # that module is not imported yet
        if home > reader.module or way == "local":
            text = f"importlib.import_module('pkg.{module}')."
            return self.value(target, text)
        if way == "module":
            imports[f"import pkg.{module}"] = None
            return self.value(target, f"pkg.{module}.")
        if way == "aliased":
            imports[f"from pkg import {module} as also_{module}"] = None
            return self.value(target, f"also_{module}.")
        if way == "renamed":
            imports[f"from pkg.{module} import {name} as r{target}"] = None
            return self.value(target).replace(name, f"r{target}", 1)
        if way == "package" and is_lazy:
            imports["import pkg"] = None
            return self.value(target, "pkg.")
        if way == "getattr":
            imports[f"import pkg.{module} as m_{module}"] = None
            return self.value(target).replace(name, f"getattr(m_{module}, '{name}')", 1)
        if way == "dynamic" and is_lazy:
            return self.value(target).replace(
                name, f"getattr(importlib.import_module('pkg.' + '{module}'), '{name}')", 1
            )
        imports[f"from pkg.{module} import *"] = None
        return self.value(target)

    def _lines(self, index: int, one: Item) -> list[str]:
        name, number = f"n{index}", one.number
        lazy = " + ".join([str(number), *(self._read(one, ref, way, True) for ref, way in one.refs)])
        eager = " + ".join([str(number), *(self._read(one, ref, way, False) for ref, way in one.refs)])
        base = next(
            (
                ref
                for ref, _ in one.refs
                if self.items[ref].kind in ("class", "subclass") and self.items[ref].module <= one.module
            ),
            None,
        )
        parent = "object" if base is None else self._read(one, base, "module", False).removesuffix("().get()")
        forms = {
            "constant": f"{name} = {eager}",
            "function": f"def {name}():\n    return {lazy}",
            "class": f"class {name}:\n    rate = {eager}\n"
            f"    def get(self):\n        return self.rate + {lazy}",
            "subclass": f"class {name}({parent}):\n    more = {number}\n    def get(self):\n"
            + ("        return super().get() + self.more" if base is not None else f"        return {lazy}"),
            "lambda": f"{name} = {{'k': lambda: {lazy}}}",
            "factory": f"def make_{name}(n):\n    def inner():\n        return n + {lazy}\n    return inner\n"
            f"{name} = make_{name}({number})",
            "partial": f"def part_{name}(n):\n    return n + {lazy}\n"
            f"{name} = functools.partial(part_{name}, {number})",
            "decorated": f"def deco_{name}(fn):\n    return lambda: fn() + {number}\n"
            f"@deco_{name}\ndef {name}():\n    return {lazy}",
            "dataclass": f"@dataclass\nclass {name}:\n    rate: int = {eager}",
            "enum": f"class {name}(Enum):\n    A = {eager}",
            "state": f"{name} = []\ndef add_{name}(n):\n    {name}.append(n + {number})\nadd_{name}({eager})",
            "alias": f"{name} = [lambda: {lazy}]\nalso_{name} = {name}",
            "condition": f"if {eager} > 3:\n    {name} = {number}\nelse:\n    {name} = 9",
            "method": f"class Of_{name}:\n    def __init__(self, n):\n        self._n = n\n"
            f"    def get(self):\n        return self._n + {lazy}\n{name} = Of_{name}({number})",
            "default": f"def {name}(n={eager}):\n    return n",
            "nested": f"def {name}():\n    def inner():\n        return {lazy}\n    return inner()",
            "generator": f"def {name}():\n    return sum(n + {number} for n in [{lazy}])",
            "tuple": f"{name}, x_{name} = {number}, {number} + 1\n{name} += x_{name}",
            "augmented": f"{name} = {number}\nother_{name} = {name} * 2\n{name} += {eager} + other_{name}",
        }
        return [forms[one.kind]]


@contextmanager
def imported(folder: Path, files: dict[str, str]) -> Iterator[dict[str, Any] | None]:
    """Write a project and import it, and remove it from the imported modules afterwards."""
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    importlib.invalidate_caches()
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # two versions within a second would share the compiled file
    sys.path.insert(0, str(folder))
    try:
        try:
            modules = {name: importlib.import_module(f"pkg.{name}") for name in MODULES}
        except (AttributeError, ImportError):  # a module that is read while it is imported
            modules = None
        yield modules
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = before
        for name in [name for name in sys.modules if name.partition(".")[0] == "pkg"]:
            del sys.modules[name]


def results(folder: Path, source: Source) -> list[tuple[Any, Any, Any]]:
    """Return the value of each item, its digests by syntax, and its digests with live values."""
    with imported(folder, source.files()) as modules:
        if modules is None:
            reject()
        by_syntax, live = CodeGraph(folder, is_live=False), CodeGraph(folder)
        rows = []
        for index, one in enumerate(source.items):
            name, module = f"n{index}", modules[MODULES[one.module]]
            block = f"pkg/{MODULES[one.module]}.py::{name}"
            rows.append((by_syntax.code_from([block]), live.code(getattr(module, name))))
        values = [
            eval(source.value(index), vars(modules[MODULES[one.module]]))
            for index, one in enumerate(source.items)
        ]
    return [(value, *row) for value, row in zip(values, rows, strict=True)]


@settings(deadline=None, max_examples=profiles.number(100))
@given(data=st.data())
def test_a_changed_result_has_another_digest(data: Any, tmp_path_factory: Any) -> None:
    """Each item whose value differs after an edit has another digest, by syntax and with live values."""
    drawn = data.draw(items(data.draw(st.integers(2, 6))))
    edited = data.draw(st.integers(0, len(drawn) - 1))
    other = data.draw(item(edited))
    changes = data.draw(
        st.sampled_from(
            [{"number": other.number}, {"refs": other.refs}, {"number": other.number, "kind": other.kind}]
        )
    )
    new = [*drawn]
    new[edited] = replace(drawn[edited], **changes)
    folder = tmp_path_factory.mktemp("drawn")
    note("\n".join(f"# {path}\n{text}" for path, text in Source(drawn).files().items()))
    note("\n".join(f"# new {path}\n{text}" for path, text in Source(new).files().items()))

    before, after = results(folder, Source(drawn)), results(folder, Source(new))

    for index, (old, current) in enumerate(zip(before, after, strict=True)):
        if old[0] != current[0]:
            assert old[1] != current[1], f"n{index} by syntax"
            assert old[2] != current[2], f"n{index} with live values"


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_an_equal_project_has_equal_digests(data: Any, tmp_path_factory: Any) -> None:
    """Comments, docstrings and an unrelated function change no digest."""
    source = Source(data.draw(items(4)))
    folder = tmp_path_factory.mktemp("drawn")
    before = results(folder, source)
    files = {path: f'"""A docstring."""\n# a comment\n{text}' for path, text in source.files().items()}
    source.files = lambda: files  # type: ignore[method-assign]

    assert results(folder, source) == before
