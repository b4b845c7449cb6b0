"""The syntax of a statement as a string, and the names that it refers to, in one walk over its tree.

The string has no docstrings, comments, layout and positions, and is the same on each version of Python.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from dagflow.analysis.code.scopes import (
    COMPREHENSIONS,
    FUNCTIONS,
    Scope,
    bound_names,
    chain_of,
    function_scope,
    import_targets,
    run_targets,
)

_IMPORTERS = frozenset({"import_module", "importorskip", "__import__"})
_MUTATORS = frozenset(
    [
        "append",
        "appendleft",
        "extend",
        "extendleft",
        "insert",
        "add",
        "update",
        "setdefault",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "discard",
        "clear",
        "sort",
        "reverse",
        "register",
        "__setitem__",
        "__setattr__",
        "__delitem__",
    ]
)
_SKIPPED = frozenset({"ctx", "type_comment", "kind", "type_ignores", "lineno"})
_PATH = re.compile(r"[^\n\r\0<>|\"*?]{1,200}")


class Syntax:
    """The syntax of some nodes, and what they refer to.

    Attributes:
        references: References, as `dagflow.analysis.code.blocks` defines them.
        literals: String literals that may be paths of files.
        written: Names of the module that the code binds, or whose attributes or items it sets, when it runs;
            the empty string for a target without a name.
        mutated: Names of the module whose value it may change by a method such as `append`.
        later: Names of the module that its functions write or change when they are called.
    """

    def __init__(self) -> None:
        self.references: set[str] = set()
        self.literals: set[str] = set()
        self.written: set[str] = set()
        self.mutated: set[str] = set()
        self.later: set[str] = set()
        self._out: list[str] = []
        self._scopes: list[Scope] = []

    def text(self) -> str:
        """Return the syntax as a string."""
        return "".join(self._out)

    def add_statement(self, statement: ast.stmt) -> None:
        """Add a statement of a module, without the decorators of a function or class."""
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            self._definition(statement, is_top=True)
        else:
            self.add(statement)

    def add(self, node: ast.AST) -> None:
        """Add a node and the nodes in it."""
        method = self._visitors.get(type(node))
        if method is not None:
            method(self, node)
        else:
            self._plain(node)

    def _plain(self, node: ast.AST) -> None:
        self._out.append(f"{type(node).__name__}(")
        for field in node._fields:
            value = getattr(node, field, None)
            if value is None or field in _SKIPPED:
                continue
            if isinstance(value, ast.AST):
                self._out.append(f"{field}=")
                self.add(value)
            elif isinstance(value, list):
                if value:
                    self._out.append(f"{field}=")
                    self._list(value)
            else:
                self._out.append(f"{field}={value!r},")
        self._out.append(")")

    def _list(self, values: Sequence[Any]) -> None:
        self._out.append("[")
        for value in values:
            if isinstance(value, ast.AST):
                self.add(value)
            else:
                self._out.append(f"{value!r},")
        self._out.append("]")

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        self._out.append(f"{value!r},")
        if isinstance(value, str):
            self._literal(value)

    def _literal(self, value: str) -> None:
        if ("." in value or "/" in value) and _PATH.fullmatch(value):
            self.literals.add(value)

    def _division(self, node: ast.BinOp) -> None:
        """Add an operation. The constants of `folder / "data" / "a.csv"` are one path."""
        self._plain(node)
        if isinstance(node.op, ast.Div):
            parts: list[str] = []
            left: ast.expr = node
            while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Div):
                if not isinstance(left.right, ast.Constant) or not isinstance(left.right.value, str):
                    break
                parts.insert(0, left.right.value)
                left = left.left
            if isinstance(left, ast.Call) and left.args and isinstance(left.args[-1], ast.Constant):
                parts.insert(0, str(left.args[-1].value))
            if parts:
                self._literal("/".join(parts) if len(parts) > 1 else f"./{parts[0]}")

    def _name(self, node: ast.Name) -> None:
        self._out.append(f"{node.id},")
        self._refer(node.id, "", isinstance(node.ctx, ast.Load))

    def _attribute(self, node: ast.Attribute) -> None:
        chain = chain_of(node)
        if not chain:
            if not isinstance(node.ctx, ast.Load):
                self._write("", self.written)
            self._plain(node)
            return
        self._out.append(f"{chain},")
        name, _, rest = chain.partition(".")
        if node.attr == "__subclasses__":
            self.references.add("**")  # any module may have some
        is_load = isinstance(node.ctx, ast.Load)
        self._refer(name, rest, True)
        if not is_load:
            self._write(name, self.written)

    def _subscript(self, node: ast.Subscript) -> None:
        target = chain_of(node.value)
        if target.endswith("sys.modules") and isinstance(node.ctx, ast.Load):
            literal = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if chain_of(node.slice) == "__name__":
                self.references.add("*")
            self._out.append(f"{target}[")
            if isinstance(literal, str):
                self.references.add(f"@0:{literal}:")
            elif chain_of(node.slice) != "__name__":
                self.references.add("**")
            self.add(node.slice)
            self._out.append("]")
            return
        if not isinstance(node.ctx, ast.Load):
            self._write(target.partition(".")[0], self.written)
        self._plain(node)

    def _call(self, node: ast.Call) -> None:
        chain = chain_of(node.func)
        name, _, rest = chain.partition(".")
        last = chain.rpartition(".")[2]
        if last in _IMPORTERS and node.args:
            self.references.add(_imported_by(node))
            self._refer(name, rest, True, known=True)
            self._out.append(f"Call({chain}")
            self._list([*node.args, *node.keywords])
            self._out.append(")")
            return
        if chain == "getattr" and len(node.args) >= 2 and not self._is_local("getattr"):
            literal = node.args[1].value if isinstance(node.args[1], ast.Constant) else None
            target = chain_of(node.args[0])
            if target and isinstance(literal, str):
                first, _, more = target.partition(".")
                self._refer(first, f"{more}.{literal}" if more else literal, True)
                self._out.append(f"getattr({target}")
                self._list(node.args[1:])
                self._out.append(")")
                return
        if rest and last in _MUTATORS:
            self._write(name, self.mutated)
        if chain in ("setattr", "delattr") and node.args:
            self._write(chain_of(node.args[0]).partition(".")[0], self.written)
        self._plain(node)

    def _write(self, name: str, names: set[str]) -> None:
        if any(scope.is_late for scope in self._scopes):
            names = self.later
        if not self._is_local(name):
            names.add(name)

    def _is_local(self, name: str) -> bool:
        return any(name in scope.names for scope in self._visible())

    def _visible(self) -> Iterator[Scope]:
        """Yield the scopes in which a name of this place may be bound, the inner ones first."""
        for index, scope in enumerate(reversed(self._scopes)):
            if not scope.is_class or index == 0:
                yield scope

    def _refer(self, name: str, rest: str, is_load: bool, known: bool = False) -> None:
        for scope in self._visible():
            if name in scope.globals:
                if not is_load:
                    self.later.add(name)
                break
            if name in scope.names:
                for target in scope.imports.get(name, ()):
                    self.references.add(("!@" if known else "@") + _extended(target, rest))
                if scope.is_class:
                    self.references.add(f"?{name}.{rest}" if rest else f"?{name}")
                return
        if is_load:
            self.references.add(("!" if known else "") + (f"{name}.{rest}" if rest else name))

    def _definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, is_top: bool = False
    ) -> None:
        self._out.append(f"{type(node).__name__}({node.name},")
        if not is_top:
            self._list(node.decorator_list)
        parameters = getattr(node, "type_params", ())
        if parameters:
            self._scopes.append(Scope({one.name for one in parameters}))
            self._list(parameters)
        if isinstance(node, ast.ClassDef):
            self._list([*node.bases, *node.keywords])
            self._scopes.append(Scope(bound_names(node.body), is_class=True))
            self._scopes[-1].add_statements(node.body)
        else:
            self._arguments(node.args)
            if node.returns is not None:
                self._out.append("->")
                self._annotation(node.returns)
            self._scopes.append(function_scope(node.args, node.body))
        self._list(node.body)
        self._scopes.pop()
        if parameters:
            self._scopes.pop()
        self._out.append(")")

    def _arguments(self, node: ast.arguments) -> None:
        """Add the parameters of a function: defaults and annotations belong to the scope around it."""
        for kind in ("posonlyargs", "args", "vararg", "kwonlyargs", "kwarg"):
            value = getattr(node, kind)
            values = value if isinstance(value, list) else [value] if value else []
            if values:
                self._out.append(f"{kind}=")
            for one in values:
                self._out.append(f"{one.arg}:")
                if one.annotation is not None:
                    self._annotation(one.annotation)
        for default in (*node.defaults, *node.kw_defaults):
            self._out.append("=")
            if default is not None:
                self.add(default)

    def _annotation(self, node: ast.expr) -> None:
        self.add(node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                try:
                    tree = ast.parse(inner.value, mode="eval")
                except SyntaxError:
                    continue
                for name in ast.walk(tree):
                    if isinstance(name, (ast.Attribute, ast.Name)) and chain_of(name):
                        self.references.add(f"?{chain_of(name)}")

    def _annotated(self, node: ast.AnnAssign) -> None:
        self._out.append("AnnAssign(")
        self.add(node.target)
        self._annotation(node.annotation)
        if node.value is not None:
            self._out.append("=")
            self.add(node.value)
        self._out.append(")")

    def _lambda(self, node: ast.Lambda) -> None:
        self._out.append("Lambda(")
        self._arguments(node.args)
        self._scopes.append(function_scope(node.args, [ast.Expr(node.body)]))
        self.add(node.body)
        self._scopes.pop()
        self._out.append(")")

    def _comprehension(self, node: Any) -> None:
        names = {
            inner.id
            for generator in node.generators
            for inner in ast.walk(generator.target)
            if isinstance(inner, ast.Name)
        }
        # the first iterable belongs to the scope around the comprehension
        self._out.append(f"{type(node).__name__}(")
        self.add(node.generators[0].iter)
        self._scopes.append(Scope(names))
        for index, generator in enumerate(node.generators):
            self._out.append("for")
            self.add(generator.target)
            if index:
                self.add(generator.iter)
            self._list(generator.ifs)
            self._out.append(str(generator.is_async))
        for field in ("elt", "key", "value"):
            if getattr(node, field, None) is not None:
                self.add(getattr(node, field))
        self._scopes.pop()
        self._out.append(")")

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        self._plain(node)
        if not self._scopes:
            return  # an import of the module
        for name, target in import_targets(node):
            if not self._is_local(name):  # declared as global
                self.references.add("@" + target)
                self.later.add(name)
        self.references.update(f"+{target}" for target in run_targets(node))

    def _expression(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring, or `...`
            self._plain(node)

    def _pass(self, node: ast.Pass) -> None:
        """Add nothing."""

    _visitors: ClassVar[dict[type[ast.AST], Any]] = {
        ast.Constant: _constant,
        ast.Expr: _expression,
        ast.Pass: _pass,
        ast.BinOp: _division,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Subscript: _subscript,
        ast.Call: _call,
        ast.FunctionDef: _definition,
        ast.AsyncFunctionDef: _definition,
        ast.ClassDef: _definition,
        ast.AnnAssign: _annotated,
        ast.Lambda: _lambda,
        ast.Import: _import,
        ast.ImportFrom: _import,
        **dict.fromkeys(COMPREHENSIONS, _comprehension),
    }


def _extended(target: str, rest: str) -> str:
    if not rest:
        return target
    return f"{target}{rest}" if target.endswith(":") else f"{target}.{rest}"


def _imported_by(node: ast.Call) -> str:
    """Return the reference of `importlib.import_module(...)`: one module, those with a prefix, or all."""
    name = node.args[0]
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        bare = name.value.lstrip(".")
        level = len(name.value) - len(bare)
        package = node.args[1] if len(node.args) > 1 else None
        for keyword in node.keywords:
            package = keyword.value if keyword.arg == "package" else package
        if level and isinstance(package, ast.Constant):
            return f"@0:{package.value!s}.{bare}:" if level == 1 else "**"
        return f"@{level}:{bare}:"
    first = name.values[0] if isinstance(name, ast.JoinedStr) and name.values else name
    if isinstance(name, ast.BinOp) and isinstance(name.op, ast.Add):
        first = name.left
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and not first.value.startswith("."):
        return f"**{first.value}"
    return "**"
