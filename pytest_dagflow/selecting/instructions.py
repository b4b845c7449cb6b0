"""The instructions of a code object that load or store names and constants, without the others.

`dis` makes an object with a dozen fields of each instruction, which takes most of the time of a selection.
"""

from __future__ import annotations

import dis
import re
import sys
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any, NamedTuple

# the kinds of instructions
GLOBAL = "loads a global variable"
CELL = "loads a closure variable"
LOCAL = "loads a local variable"
ATTRIBUTE = "loads an attribute"
CONSTANT = "loads a constant"
STORE = "stores a variable or attribute"
IMPORT = "imports a module"
IMPORTED = "loads a name of the imported module"
OTHER = "does something else"


class _Operand(NamedTuple):
    """A name or constant of an instruction.

    Attributes:
        kind: What the instruction does with it.
        table: The table with its name: 0 for the names of the code, 1 for its variables, 2 for its constants,
            3 for its closure variables before Python 3.11.
        shift: The number of the lower bits of the argument that are flags or another operand.
        mask: The bits of the argument that are the index in the table, after the shift.
    """

    kind: str
    table: int
    shift: int = 0
    mask: int = -1


def _operands(name: str, operation: int) -> list[_Operand]:
    """Return the operands of an operation; none if the operation has another kind."""
    kind = _KINDS.get(name)
    if kind is None and name.startswith("LOAD_FAST"):
        kind = LOCAL
    if name.count("_FAST") == 2:  # two variables, since Python 3.13
        first = STORE if name.startswith("STORE") else LOCAL
        second = STORE if name.endswith("STORE_FAST") else LOCAL
        return [_Operand(first, 1, 4), _Operand(second, 1, 0, 15)]
    if kind is None:
        return []
    if operation in dis.hasname:
        has_flag = sys.version_info >= _FLAGGED_SINCE.get(name, (9,))
        return [_Operand(kind, 0, int(has_flag))]
    if operation in dis.hasconst:
        return [_Operand(kind, 2)]
    return [_Operand(kind, 3 if operation in dis.hasfree and sys.version_info < (3, 11) else 1)]


_FLAGGED_SINCE = {"LOAD_GLOBAL": (3, 11), "LOAD_ATTR": (3, 12)}
"""The version of Python since which the lowest bit of an argument is a flag."""
_KINDS = {
    **dict.fromkeys(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"), GLOBAL),
    **dict.fromkeys(("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"), CELL),
    **dict.fromkeys(("LOAD_ATTR", "LOAD_METHOD"), ATTRIBUTE),
    **dict.fromkeys(("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF", "STORE_ATTR"), STORE),
    "LOAD_CONST": CONSTANT,
    "IMPORT_NAME": IMPORT,
    "IMPORT_FROM": IMPORTED,
}
_OPERANDS = {
    operation: operands
    for name, operation in dis.opmap.items()
    if operation < 256 and (operands := _operands(name, operation))
}
_FILLERS = [dis.opmap[name] for name in ("CACHE", "EXTENDED_ARG", "PUSH_NULL") if name in dis.opmap]
"""Operations that do not change the last loaded value."""
_IMPORT = dis.opmap["IMPORT_NAME"]


def _one_of(operations: Iterable[int]) -> bytes:
    return b"".join(re.escape(bytes([one])) for one in operations)


_EACH = re.compile(
    b"[%b]|[^%b][^%b]*" % (_one_of(_OPERANDS), _one_of([*_OPERANDS, *_FILLERS]), _one_of(_OPERANDS)),
    re.DOTALL,
)
"""An operation with operands, or a sequence of others."""
_GLOBALS = re.compile(
    b"[%b]" % _one_of(one for one, (first, *_) in _OPERANDS.items() if first.kind is GLOBAL), re.DOTALL
)


def _chain_pattern() -> re.Pattern[bytes]:
    loads, attributes, stores = (
        _one_of(one for one, (first, *_) in _OPERANDS.items() if first.kind in kinds)
        for kinds in ((GLOBAL, CELL), (ATTRIBUTE,), (STORE,))
    )
    fillers = _one_of(_FILLERS)
    return re.compile(
        b"[%b]((?:[%b]*[%b])*)[%b]*([%b])?" % (loads, fillers, attributes, fillers, stores), re.DOTALL
    )


_CHAIN = _chain_pattern()
"""A load of a global or closure variable, with the loads of attributes and the store that follow."""


class Chain(NamedTuple):
    """A global or closure variable that code loads, and the attributes that it loads next.

    Attributes:
        kind: `GLOBAL` or `CELL`.
        names: The name of the variable and those of the attributes. A variable that pytest adds, whose name
            begins with `@`, is without attributes.
        is_stored: Whether the next instruction stores the value.
        is_adjacent: Whether no instruction is between the chain before and this one.
    """

    kind: str
    names: list[str]
    is_stored: bool
    is_adjacent: bool


def chains(code: CodeType) -> Iterator[Chain]:
    """Yield the chains of names that the code loads, in the order of the code. Reads no other instruction.

    Example:
        >>> [chain.names for chain in chains((lambda: re.sub(sys.path)).__code__)]
        [['re', 'sub'], ['sys', 'path']]
    """
    operations, arguments = code.co_code[::2], code.co_code[1::2]
    tables = code.co_names, _variables(code), code.co_consts, (*code.co_cellvars, *code.co_freevars)
    before = -1
    for match in _CHAIN.finditer(operations):
        start, end = match.span()
        kind, table, shift, mask = _OPERANDS[operations[start]][0]
        names = [tables[table][_argument(operations, arguments, start) >> shift & mask]]
        if names[0][0] != "@":
            for position in range(*match.span(1)):
                for _, table, shift, mask in _OPERANDS.get(operations[position], ()):  # none of a filler
                    names.append(tables[table][_argument(operations, arguments, position) >> shift & mask])
        is_stored = match[2] is not None
        yield Chain(kind, names, is_stored, start == before)
        before = -1 if is_stored else end


def instructions(code: CodeType) -> Iterator[tuple[str, Any]]:
    """Yield the instructions that have a name or constant, in the order of the code.

    Others between them are one instruction without a name. An instruction for two variables is two.

    Example:
        >>> [name for kind, name in instructions((lambda: re.sub).__code__) if kind is not OTHER]
        ['re', 'sub']
    """
    operations, arguments = code.co_code[::2], code.co_code[1::2]
    tables = code.co_names, _variables(code), code.co_consts, (*code.co_cellvars, *code.co_freevars)
    for match in _EACH.finditer(operations):
        position = match.start()
        operands = _OPERANDS.get(operations[position])
        if operands is None:
            yield OTHER, ""
            continue
        argument = _argument(operations, arguments, position)
        for kind, table, shift, mask in operands:
            yield kind, tables[table][argument >> shift & mask]


def global_names(code: CodeType) -> Iterator[str]:
    """Yield the names of the global variables that the code loads."""
    operations, arguments = code.co_code[::2], code.co_code[1::2]
    for match in _GLOBALS.finditer(operations):
        position = match.start()
        operand = _OPERANDS[operations[position]][0]
        yield code.co_names[_argument(operations, arguments, position) >> operand.shift]


def imports_modules(code: CodeType) -> bool:
    """Return whether the code imports modules."""
    return _IMPORT in code.co_code[::2]


def _argument(operations: bytes, arguments: bytes, position: int) -> int:
    argument, before = arguments[position], position - 1
    while before >= 0 and operations[before] == dis.EXTENDED_ARG:
        argument |= arguments[before] << 8 * (position - before)
        before -= 1
    return argument


def _variables(code: CodeType) -> tuple[str, ...]:
    """Return the names of local and closure variables, as the instructions count them."""
    own = code.co_varnames
    cells = [name for name in code.co_cellvars if name not in own]
    return (*own, *cells, *code.co_freevars) if sys.version_info >= (3, 11) else own
