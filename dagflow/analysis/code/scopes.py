"""The names that functions, classes and other statements bind, and chains of names."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Scope:
    """The names that a function, class or comprehension binds.

    Attributes:
        names: The bound names.
        globals: The names declared as global.
        imports: The targets of imported names.
        is_class: Whether it is a class.
        is_late: Whether it is a function, which runs when it is called.
    """

    def __init__(self, names: set[str], *, is_class: bool = False, is_late: bool = False) -> None:
        self.names = names
        self.is_late = is_late
        self.globals: set[str] = set()
        self.imports: dict[str, list[str]] = {}
        self.is_class = is_class

    def add_statements(self, body: Iterable[ast.AST]) -> None:
        """Take imports and global declarations from the body of the scope."""
        todo = list(body)
        while todo:
            node = todo.pop()
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for name, target in import_targets(node):
                    self.imports.setdefault(name, []).append(target)
            elif isinstance(node, ast.Global):
                self.globals.update(node.names)
                self.names.difference_update(node.names)
            elif isinstance(node, ast.Nonlocal):
                self.names.difference_update(node.names)
            elif not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                todo += inner_statements(node)


def function_scope(arguments: ast.arguments, body: Sequence[ast.stmt]) -> Scope:
    """Return the scope of a function with these parameters and this body."""
    every = (
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    )
    names = {one.arg for one in every if one is not None} | bound_names(body)
    scope = Scope(names, is_late=True)
    scope.add_statements(body)
    return scope


def inner_statements(statement: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements directly inside a compound statement, such as the branches of an `if`."""
    for field in ("body", "orelse", "finalbody"):
        yield from getattr(statement, field, ())
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield from part.body


def bound_names(body: Iterable[ast.AST]) -> set[str]:
    """Return the names that statements bind in their scope. Those that a comprehension binds are left out."""
    names: set[str] = set()
    todo = list(body)
    while todo:
        node = todo.pop()
        kind = type(node)
        if kind is ast.Constant:
            continue
        if kind is ast.Name:
            assert isinstance(node, ast.Name)
            if type(node.ctx) is not ast.Load:
                names.add(node.id)
            continue
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            names.add(node.name)
            todo += node.decorator_list
            continue
        if isinstance(node, COMPREHENSIONS):
            names.update(
                inner.target.id
                for inner in ast.walk(node)
                if isinstance(inner, ast.NamedExpr) and isinstance(inner.target, ast.Name)
            )
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(name for name, _ in import_targets(node) if name != "*")
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.add(node.rest)
        for field in kind._fields:  # much faster than `ast.iter_child_nodes`
            value = None if field == "ctx" else getattr(node, field, None)
            if isinstance(value, list):
                todo += [one for one in value if isinstance(one, ast.AST)]
            elif isinstance(value, ast.AST):
                todo.append(value)
    return names


def chain_of(node: ast.AST) -> str:
    """Return a chain of names such as `a.b.c`; the empty string for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))


def import_targets(statement: ast.Import | ast.ImportFrom) -> list[tuple[str, str]]:
    """Return the names that an import binds, each with its target: level, module and attribute."""
    if isinstance(statement, ast.Import):
        return [
            (alias.asname, f"0:{alias.name}:")
            if alias.asname
            else (alias.name.partition(".")[0], f"0:{alias.name.partition('.')[0]}:")
            for alias in statement.names
        ]
    module = f"{statement.level}:{statement.module or ''}:"
    return [
        ("*", module) if alias.name == "*" else (alias.asname or alias.name, module + alias.name)
        for alias in statement.names
    ]


def run_targets(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the modules that an import runs. An imported name may be a submodule."""
    if isinstance(statement, ast.Import):
        return [f"0:{alias.name}:" for alias in statement.names]
    module = f"{statement.level}:{statement.module or ''}:"
    return [module if alias.name == "*" else module + alias.name for alias in statement.names]
