"""The mutations of constants and comparisons in the body of a function, and its code with one of them.

The code comes from the file of the function. It replaces the `__code__` of the live function, so that every
reference to the function has the change.
"""

from __future__ import annotations

import ast
import copy
import linecache
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from dagflow.analysis.mutation.mutation import COMPARISON, CONSTANT
from dagflow.defs.parts.evaluation import unwrapped

NO_MUTATE = "# dag: no mutate"
"""The comment that leaves out a line, or a definition if it is on the line of its `def` or decorator."""
_FUTURE_FLAGS = 0x1FF0000  # the flags of `from __future__` in a code object

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_QUOTE = re.compile("[rRuU]?(\"\"\"|'''|\"|')")
_BOUNDARIES = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_LOG_METHODS = frozenset(["critical", "debug", "error", "exception", "info", "log", "print", "warning"])


class BodySite(NamedTuple):
    """A place in a body that can be mutated.

    Attributes:
        kind: CONSTANT or COMPARISON.
        position: Its position among the sites of the body.
        line: Its line in the file.
        before, after: The line of code, without and with the mutation.
        remedy: The test that would detect it.
    """

    kind: str
    position: int
    line: int
    before: str
    after: str
    remedy: str


def source_of(fn: Callable[..., Any]) -> _Function | None:
    """Return the syntax of a function from its file; None for a lambda, or without a file.

    Example:
        >>> import colorsys
        >>> source_of(colorsys.rgb_to_hls).name, source_of(lambda: 1) is None
        ('rgb_to_hls', True)
    """
    inner = unwrapped(fn)
    if not isinstance(inner, FunctionType):
        return None
    code = inner.__code__
    for node in _functions_in(code.co_filename, _text_of(code.co_filename)):
        first = min((node.lineno, *(decorator.lineno for decorator in node.decorator_list)))
        if node.name == code.co_name and code.co_firstlineno in (first, node.lineno):
            return node
    return None


def is_left_out(fn: Callable[..., Any]) -> bool:
    """Return whether a comment at the definition of a function leaves it out."""
    node = source_of(fn)
    if node is None:
        return False
    file = unwrapped(fn).__code__.co_filename
    first = min((node.lineno, *(decorator.lineno for decorator in node.decorator_list)))
    return any(NO_MUTATE in linecache.getline(file, line) for line in range(first, node.body[0].lineno))


def body_sites(fn: Callable[..., Any]) -> list[BodySite]:
    """Return the constants and comparisons in the body of a function that can be mutated.

    Docstrings, messages of errors and of logs, annotations and lines with `# dag: no mutate` are left out.
    """
    node = source_of(fn)
    if node is None:
        return []
    file = unwrapped(fn).__code__.co_filename
    found = []
    for position, site in enumerate(_sites(node)):
        line = linecache.getline(file, site.lineno)
        if NO_MUTATE in line:
            continue
        before, after = _lines(site, line)
        kind = COMPARISON if isinstance(site, ast.Compare) else CONSTANT
        found.append(BodySite(kind, position, site.lineno, before, after, _remedy(site)))
    return found


def mutated_code(fn: Callable[..., Any], position: int) -> CodeType | None:
    """Return the code of a function with the mutation at one site.

    Args:
        fn: The function.
        position: The position of the site.

    Returns:
        None if the code cannot replace that of the live function, as for a method that uses `super()`.
    """
    node, inner = source_of(fn), unwrapped(fn)
    if node is None:
        return None
    changed = copy.deepcopy(node)
    site = list(_sites(changed))[position]
    if isinstance(site, ast.Compare):
        site.ops[0] = _SWAPPED[type(site.ops[0])]()
    else:
        site.value = _other(site.value)
    return _compiled(changed, inner.__code__)


def _compiled(node: _Function, code: CodeType) -> CodeType | None:
    """Compile a function inside another one that has its free variables."""
    node.decorator_list, node.returns = [], None
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    for argument in (*every, node.args.vararg, node.args.kwarg):
        if argument is not None:
            argument.annotation = None
    node.args.defaults, node.args.kw_defaults = [], [None] * len(node.args.kwonlyargs)
    outer = ast.parse(f"def outer({', '.join(code.co_freevars)}): pass").body[0]
    assert isinstance(outer, ast.FunctionDef)
    outer.body = [node]
    module = ast.fix_missing_locations(ast.Module([outer], []))
    flags = code.co_flags & _FUTURE_FLAGS
    try:
        compiled = compile(module, code.co_filename, "exec", flags=flags, dont_inherit=True)
    except SyntaxError:  # `super` or a private name, which only a class can resolve
        return None
    (outer_code,) = (one for one in compiled.co_consts if isinstance(one, CodeType))
    found = [one for one in outer_code.co_consts if isinstance(one, CodeType) and one.co_name == code.co_name]
    if len(found) != 1 or found[0].co_freevars != code.co_freevars:
        return None
    qualified = getattr(code, "co_qualname", None)  # of Python 3.11 and later
    return found[0] if qualified is None else found[0].replace(co_qualname=qualified)  # type: ignore[call-arg,unused-ignore]


def _text_of(file: str) -> str:
    return "".join(linecache.getlines(file))


@lru_cache(maxsize=64)
def _functions_in(file: str, text: str) -> tuple[_Function, ...]:
    try:
        tree = ast.parse(text, file)
    except (SyntaxError, ValueError):  # the file was changed, or is not Python
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, _Function))


def _sites(node: _Function) -> Iterator[Any]:
    """Yield the Constant and Compare nodes of a body, always in the same order."""
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]  # the docstring
    for statement in body:
        yield from _sites_in(statement, with_strings=True)


def _sites_in(node: ast.AST, *, with_strings: bool) -> Iterator[Any]:
    if isinstance(node, ast.JoinedStr | ast.match_case):  # the places in an f-string are wrong before 3.12
        return
    if isinstance(node, ast.Constant):
        if _other(node.value) is not None and (with_strings or not isinstance(node.value, str)):
            yield node
        return
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield node
    with_strings = with_strings and not isinstance(node, ast.Raise | ast.Assert) and not _is_log(node)
    for name, child in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for one in child if isinstance(child, list) else [child]:
            if isinstance(one, ast.AST):
                yield from _sites_in(one, with_strings=with_strings)


def _is_log(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in _LOG_METHODS


def _other(value: object) -> Any:
    """Return another constant of the same type; None if there is none."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str) and value:
        return f"XX{value}"
    return None


def _lines(site: Any, line: str) -> tuple[str, str]:
    """Return a line of code without and with a mutation."""
    if site.end_lineno != site.lineno:
        before = ast.unparse(site)
        return before, _unparsed(site)
    encoded = line.encode()
    start, end = encoded[: site.col_offset].decode(), encoded[site.end_col_offset :].decode()
    text = encoded[site.col_offset : site.end_col_offset].decode()
    if isinstance(site, ast.Compare):
        left = encoded[site.col_offset : site.left.end_col_offset].decode()
        right = encoded[site.comparators[0].col_offset : site.end_col_offset].decode()
        has_parentheses = "(" in text[len(left) : len(text) - len(right)]
        symbol = _SYMBOLS[_SWAPPED[type(site.ops[0])]]
        after = _unparsed(site) if has_parentheses else f"{left} {symbol} {right}"
    else:
        quoted = _QUOTE.match(text) if isinstance(site.value, str) else None
        after = f"{quoted[0]}XX{text[quoted.end() :]}" if quoted else _unparsed(site)
    return line.strip(), f"{start}{after}{end}".strip()


def _unparsed(site: Any) -> str:
    """Return the code of a site with its mutation."""
    new: ast.expr
    if isinstance(site, ast.Compare):
        new = ast.Compare(site.left, [_SWAPPED[type(site.ops[0])]()], site.comparators)
    else:
        new = ast.Constant(_other(site.value))
    return ast.unparse(ast.fix_missing_locations(ast.copy_location(new, site)))


def _remedy(site: Any) -> str:
    if not isinstance(site, ast.Compare):
        return "a test whose result depends on this constant"
    left, right = ast.unparse(site.left), ast.unparse(site.comparators[0])
    if isinstance(site.ops[0], _BOUNDARIES):
        return f"a test at the boundary: {left} == {right}"
    return f"a test whose result depends on: {ast.unparse(site)}"
