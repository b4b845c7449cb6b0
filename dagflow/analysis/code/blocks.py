"""One module as blocks of code, parsed and never imported.

A block is a top-level function, a class, or a name with all statements that bind it. The block with the empty
name holds the other statements: those that are neither imports, definitions nor assignments. The digest of a
block is a hash of its syntax, without docstrings, comments and layout. Its references are strings:

    clean.rate          a name of the module and its attributes
    ?clean              the same, and nothing if the module does not bind the name
    !importlib.reload   the same, for a call whose arguments are known
    @1:helpers:clean    an import inside the block: the level, the module, the attributes
    *                   the whole module
    **                  every module of the project; `**shop.` only those whose names begin so
    +1:helpers:clean    an import inside the block, which runs that module
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from dagflow.analysis.code.scopes import (
    FUNCTIONS,
    bound_names,
    chain_of,
    import_targets,
    inner_statements,
    run_targets,
)
from dagflow.analysis.code.syntax import Syntax

FORMAT = 1
"""The version of the format of `ParsedModule.to_json`. Increase it when digests or references change."""

_DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)

_METACLASSES = ("ABCMeta", "EnumMeta", "EnumType")
"""Metaclasses that keep no record of their classes."""


class Decorator(NamedTuple):
    """A decorator of a block, apart from the code of the block.

    Attributes:
        name: The chain of names of the decorator function; empty if it is another expression.
        parts: The digest and the references of each argument, by keyword; the others under the empty string.
    """

    name: str
    parts: dict[str, tuple[str, tuple[str, ...]]]


class Block(NamedTuple):
    """A block of code.

    Attributes:
        name: Its name in the module; empty for the statements that belong to no name.
        kind: `function`, `class`, `name`, or `module`; `state` for a name whose value functions change.
        digest: A hash of its syntax, without the decorators.
        references: The references of its code, sorted, without those of the decorators.
        decorators: The decorators of the function or class, the first one outermost.
        call: The chain of the called function, if the block is one assignment of a call; else empty.
        spans: The first and last line of each of its statements.
        literals: String literals that look like paths of files.
        writers: Blocks of the module whose code changes the value when it is called; the block itself if the
            class or function takes part in what refers to it, such as by `__init_subclass__`.
    """

    name: str
    kind: str
    digest: str
    references: tuple[str, ...]
    decorators: tuple[Decorator, ...]
    call: str
    spans: tuple[tuple[int, int], ...]
    literals: tuple[str, ...]
    writers: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParsedModule:
    """The blocks and imports of a module.

    Attributes:
        blocks: The blocks by name.
        imports: The targets of each imported name, such as `1:helpers:clean`.
        stars: The targets of `from x import *`.
        runs: The modules that an import of this module imports too.
    """

    blocks: dict[str, Block]
    imports: dict[str, tuple[str, ...]]
    stars: tuple[str, ...]
    runs: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a value for JSON."""
        return {
            "blocks": list(self.blocks.values()),
            "imports": self.imports,
            "stars": self.stars,
            "runs": self.runs,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> ParsedModule:
        """Return the module of a value that `to_json` made."""
        blocks = {}
        for name, kind, digest, references, decorators, call, spans, literals, writers in stored["blocks"]:
            made = [
                Decorator(one, {key: (text, tuple(refs)) for key, (text, refs) in parts.items()})
                for one, parts in decorators
            ]
            lines = tuple([(first, last) for first, last in spans])
            blocks[name] = Block(
                name,
                kind,
                digest,
                tuple(references),
                tuple(made),
                call,
                lines,
                tuple(literals),
                tuple(writers),
            )
        imports = {name: tuple(targets) for name, targets in stored["imports"].items()}
        return cls(blocks, imports, tuple(stored["stars"]), tuple(stored["runs"]))

    def block_at(self, line: int) -> str:
        """Return the name of the block around a line; the block of the shortest statement if several are."""
        return self._names_by_line.get(line, "")

    @cached_property
    def _names_by_line(self) -> dict[int, str]:
        names: dict[tuple[int, int], str] = {}
        for block in self.blocks.values():
            if block.name:
                for span in block.spans:
                    names.setdefault(span, block.name)
        found: dict[int, str] = {}
        by_length = sorted(names, key=lambda span: span[1] - span[0])
        for first, last in reversed(by_length):  # a shorter one replaces a longer one
            found.update(dict.fromkeys(range(first, last + 1), names[first, last]))
        return found


def parse_module(source: str) -> ParsedModule:
    """Return the blocks and imports of a module.

    Args:
        source: The source code.

    Raises:
        SyntaxError: The source is not valid Python.
    """
    parser = _Parser()
    parser.add_statements(ast.parse(source).body)
    return parser.finish()


def digest_of(*parts: str) -> str:
    """Return a short hash of strings."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


class _Entry(NamedTuple):
    """A statement of a block.

    Attributes:
        names: The names that it binds.
        salt: A hash of the statements without a name before it: what it computes may depend on them.
    """

    statement: ast.stmt
    names: set[str]
    syntax: Syntax
    text: str
    salt: str


class _Parser:
    """The statements of a module, sorted into blocks.

    Attributes:
        statements: The statements other than imports.
        order: The names that each statement binds, in the order of the statements.
        salt: A hash of the statements without a name so far.
        places: The positions in `order` of the first and the last statement that bind a name, once all are
            known.
    """

    def __init__(self) -> None:
        self.statements: list[_Entry] = []
        self.entries: dict[str, list[_Entry]] = {}
        self.effects: list[_Entry] = []
        self.imports: dict[str, list[str]] = {}
        self.stars: list[str] = []
        self.runs: list[str] = []
        self.order: list[set[str]] = []
        self.salt = ""
        self.places: dict[str, tuple[int, int]] = {}

    def add_statements(self, body: Iterable[ast.stmt], is_run: bool = True) -> None:
        """Add statements of the module. Those under `if TYPE_CHECKING:` are not run."""
        for statement in body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                self._add_import(statement, is_run)
            elif isinstance(statement, ast.If) and chain_of(statement.test).endswith("TYPE_CHECKING"):
                self.add_statements(statement.body, is_run=False)
                self.add_statements(statement.orelse)
            elif not _is_constant(statement) and not isinstance(statement, ast.Pass):
                self._add(statement)

    def _add_import(self, statement: ast.Import | ast.ImportFrom, is_run: bool) -> None:
        bound = set()
        for name, target in import_targets(statement):
            if name == "*":
                self.stars.append(target)
                continue
            bound.add(name)
            targets = self.imports.setdefault(name, [])
            if target not in targets:
                targets.append(target)
        if is_run:
            self.runs += run_targets(statement)
        self.order.append(bound)

    def _add(self, statement: ast.stmt) -> None:
        for inner in _imports_in(statement):
            self._add_import(inner, is_run=True)
        syntax = Syntax()
        syntax.add_statement(statement)
        entry = _Entry(
            statement,
            bound_names([statement]),
            syntax,
            syntax.text(),
            "" if _is_plain_function(statement) else self.salt,
        )
        self.statements.append(entry)
        self.order.append(entry.names)
        if not _is_main(statement) and _has_effect(statement):
            self.effects.append(entry)
            self.salt = digest_of(*(entry.text for entry in self.effects))

    def finish(self) -> ParsedModule:
        """Return the module."""
        bound = {name for entry in self.statements for name in entry.names}
        for entry in self.statements:
            if not isinstance(entry.statement, FUNCTIONS):
                entry.names.update(bound & (entry.syntax.written | entry.syntax.mutated))
                if entry.syntax.written - bound and entry not in self.effects:
                    self.effects.append(entry)
            for name in sorted(entry.names):
                self.entries.setdefault(name, []).append(entry)
        for index, names in enumerate(self.order):
            for name in names:
                self.places[name] = self.places.get(name, (index, index))[0], index
        blocks = {name: self._block(name, entries) for name, entries in self.entries.items()}
        for name, targets in self.imports.items():
            if name not in blocks and len(targets) > 1:  # the order of its statements counts
                blocks[name] = Block(name, "name", digest_of(self._between(name)), (), (), "", (), ())
        self._add_writers(blocks)
        if self.effects:
            blocks[""] = self._block("", self.effects)
        return ParsedModule(
            blocks,
            {name: tuple(targets) for name, targets in self.imports.items()},
            tuple(dict.fromkeys(self.stars)),
            tuple(dict.fromkeys(self.runs)),
        )

    def _block(self, name: str, entries: Sequence[_Entry]) -> Block:
        texts = [text for entry in entries for text in (entry.text, entry.salt)]
        references = {reference for entry in entries for reference in entry.syntax.references}
        decorators: tuple[Decorator, ...] = ()
        only = entries[0].statement if len(entries) == 1 else None
        if isinstance(only, _DEFINITIONS):
            decorators = tuple(_decorator(node) for node in only.decorator_list)
        else:
            for entry in entries:  # several statements bind the name
                for node in getattr(entry.statement, "decorator_list", ()):
                    syntax = Syntax()
                    syntax.add(node)
                    texts.append(syntax.text())
                    references |= syntax.references
        between = self._between(name) if name else ""
        value = only.value if isinstance(only, (ast.Assign, ast.AnnAssign)) else None
        return Block(
            name,
            _kind(name, entries),
            digest_of(*texts, between),
            tuple(sorted(references)),
            decorators,
            chain_of(value.func) if isinstance(value, ast.Call) else "",
            tuple(_span(entry.statement) for entry in entries),
            tuple(sorted({literal for entry in entries for literal in entry.syntax.literals})),
            (name,) if any(_is_registry(entry.statement) for entry in entries) else (),
        )

    def _between(self, name: str) -> str:
        """Return the names bound between the first and the last statement of a name, in order."""
        first, last = self.places.get(name, (0, 0))
        if first == last:
            return ""
        within = self.order[first : last + 1]
        return " ".join(",".join(sorted(names)) for names in within)

    def _add_writers(self, blocks: dict[str, Block]) -> None:
        """Let each name refer to the functions that change its value, and to what calls them at import."""
        functions = {
            name: entries
            for name, entries in self.entries.items()
            if all(isinstance(entry.statement, FUNCTIONS) for entry in entries)
        }
        direct = {
            name: {other for entry in entries for other in entry.syntax.later} & blocks.keys()
            for name, entries in self.entries.items()
        }
        writes = {name: written for name, written in direct.items() if written}
        used = {name: _names_in(blocks[name].references) for name in self.entries}
        is_growing = True
        while is_growing:
            is_growing = False
            for name, others in used.items():
                more = {written for other in others & writes.keys() for written in writes[other]}
                if not more <= writes.get(name, set()):
                    writes[name] = more | writes.get(name, set())
                    is_growing = True
        added: dict[str, set[str]] = {}
        for name, block in blocks.items():
            changes = (
                set(direct.get(name, ()))
                | {one.name.partition(".")[0] for one in block.decorators if one.name.endswith(".register")}
                & blocks.keys()
            )
            at_import = _names_in(part for one in block.decorators for part in _references_of(one))
            if name not in functions:
                at_import |= _names_in(block.references)
            changes.update(written for other in at_import & writes.keys() for written in writes[other])
            for written in changes - {name}:
                added.setdefault(written, set()).add(name)
        for name, others in added.items():
            references = tuple(sorted({*blocks[name].references, *others}))
            kind = "state" if blocks[name].kind == "name" else blocks[name].kind
            writers = tuple(sorted(one for one in others if name in direct.get(one, ())))
            blocks[name] = blocks[name]._replace(kind=kind, references=references, writers=writers)


def _is_registry(statement: ast.stmt) -> bool:
    """Return whether a class knows its subclasses, or a function the functions registered at it."""
    if isinstance(statement, ast.ClassDef):
        names = {one.name for one in statement.body if isinstance(one, FUNCTIONS)}
        metas = [chain_of(one.value) for one in statement.keywords if one.arg == "metaclass"]
        return "__init_subclass__" in names or any(not one.endswith(_METACLASSES) for one in metas)
    decorators = getattr(statement, "decorator_list", ())
    return any("dispatch" in chain_of(getattr(one, "func", one)) for one in decorators)


def _kind(name: str, entries: Iterable[_Entry]) -> str:
    if not name:
        return "module"
    if all(isinstance(entry.statement, FUNCTIONS) for entry in entries):
        return "function"
    return "class" if all(isinstance(entry.statement, ast.ClassDef) for entry in entries) else "name"


def _names_in(references: Iterable[str]) -> set[str]:
    return {reference.lstrip("?!").partition(".")[0] for reference in references}


def _references_of(decorator: Decorator) -> Iterator[str]:
    yield decorator.name
    for _, references in decorator.parts.values():
        yield from references


def _decorator(node: ast.expr) -> Decorator:
    called = node.func if isinstance(node, ast.Call) else node
    name = chain_of(called)
    parts: dict[str, tuple[str, tuple[str, ...]]] = {}
    if not name or not isinstance(node, ast.Call):
        parts[""] = _part([node])
        return Decorator(name, parts)
    parts[""] = _part([called, *node.args, *(one.value for one in node.keywords if one.arg is None)])
    for keyword in node.keywords:
        if keyword.arg is not None:
            parts[keyword.arg] = _part([keyword.value])
    return Decorator(name, parts)


def _part(nodes: Iterable[ast.AST]) -> tuple[str, tuple[str, ...]]:
    syntax = Syntax()
    for node in nodes:
        syntax.add(node)
    return digest_of(syntax.text()), tuple(sorted(syntax.references))


def _span(statement: ast.stmt) -> tuple[int, int]:
    decorators = getattr(statement, "decorator_list", ())
    first = min([statement.lineno, *(node.lineno for node in decorators)])
    return first, statement.end_lineno or statement.lineno


def _is_plain_function(statement: ast.stmt) -> bool:
    return isinstance(statement, FUNCTIONS) and not statement.decorator_list


def _is_constant(statement: ast.stmt) -> bool:
    """Return whether a statement is a docstring or another constant."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_main(statement: ast.stmt) -> bool:
    """Return whether a statement is `if __name__ == "__main__":` without an else."""
    test = statement.test if isinstance(statement, ast.If) and not statement.orelse else None
    return (
        isinstance(test, ast.Compare)
        and chain_of(test.left) == "__name__"
        and isinstance(test.ops[0], ast.Eq)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )


def _imports_in(statement: ast.stmt) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports inside a compound statement of a module."""
    if isinstance(statement, _COMPOUND) or type(statement).__name__ == "TryStar":
        for inner in inner_statements(statement):
            if isinstance(inner, (ast.Import, ast.ImportFrom)):
                yield inner
            else:
                yield from _imports_in(inner)


def _has_effect(statement: ast.stmt) -> bool:
    if isinstance(
        statement, (*_DEFINITIONS, *_ASSIGNMENTS, ast.Import, ast.ImportFrom, ast.Pass, ast.Global)
    ):
        return False
    if type(statement).__name__ == "TypeAlias" or _is_constant(statement):
        return False
    if isinstance(statement, _COMPOUND) or type(statement).__name__ == "TryStar":
        return any(_has_effect(inner) for inner in inner_statements(statement))
    return True
