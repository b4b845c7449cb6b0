"""The parser of selections: one grammar with three entrances.

    clause     := up name down | *         up := '+'+ | '*' '+'*         down := '+'+ | '+'* '*'
    expression := both (('or' | ',') both)*        both := negated ('and' negated)*
    negated    := 'not' negated | walk
    walk       := clause | (number? '+')? atom ('+' number?)?
    atom       := attribute ':' value | (expression) | * | call
    call       := sinks(expression) | roots(expression) | new() | failed() | untested()
                | changed((facet | since '=' revision) ',' ...)

| entrance | reads | used by |
|---|---|---|
| `parse_clause` | a clause | `op_selection` |
| `parse_asset_selection` | a clause, or an expression without clauses | `AssetSelection.from_string` |
| `parse_selection` | an expression | `--dag-select` |

A text has the same meaning at each entrance that accepts it. In a clause each `+` is one level. In front of
or behind another atom `+` is all levels, and `+2` two levels. Commas, `*` as the walk of an atom, and calls
other than `sinks` and `roots` are accepted by `parse_selection` only.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NoReturn

from dagflow.errors import DagflowInvalidAssetSelectionError, DagflowInvalidSubsetError
from dagflow.selection import tree
from dagflow.selection.reader import Dialect, Reader, depth_of, form_of_levels
from dagflow.selection.tree import ALL, NAME, Selection

ASSET_ATTRIBUTES: Final = (
    "key",
    "group",
    "tag",
    "kind",
    "owner",
    "partitions",
    "is",
    "status",
    "column",
    "table_name",
    "column_tag",
    "changed_in_branch",
    "automation_type",
    "code_location",
    "job",
    "schedule",
    "sensor",
)
"""The attributes of the selection strings of assets. Several of them can be read, but not resolved."""

_VALUE = re.compile(r"[\w*?./\[\]-]+")
_REVISION = re.compile(r"[\w./~^@{}-]+")
_OPEN = Dialect(
    DagflowInvalidSubsetError,
    re.compile(NAME),
    _VALUE,
    _VALUE,
    tree.ATTRIBUTES,
    (*tree.ENDS, *tree.CALLS),
)
_CLAUSE = _OPEN._replace(attributes=(), functions=())
_ASSETS = Dialect(
    DagflowInvalidAssetSelectionError,
    re.compile(r"[\w./\[\]?-]+"),
    re.compile(r"[A-Za-z_][A-Za-z0-9_/]*"),
    re.compile(r"(?!\*(?![A-Za-z0-9_/*]))[A-Za-z_*][A-Za-z0-9_/*]*"),
    ASSET_ATTRIBUTES,
    tree.ENDS,
    tree.RESERVED.union(tree.ENDS),
    is_open=False,
)
_MAX_DEPTH = 50
_AN_ATOM = "a name, an attribute such as 'tag:x', a function such as changed() or sinks(...), '*' or '('"
_A_CLOSED_ATOM = "an attribute such as 'key:{}', sinks(...), roots(...), '*' or '('"


class Clause(NamedTuple):
    """One name and the depths of its walks up and down. `name` is None for `*`, which selects all nodes."""

    up: int
    name: str | None
    down: int


def parse_clause(text: str) -> Clause:
    """Parse one clause: `<up><name><down>`, or `*` for all nodes.

    Args:
        text: The clause: `a`, `*a` (with all ancestors), `+a` (with its parents), `a++` (with two levels of
            children), `a*` (with all descendants), a combination of both sides, or `*`.

    Raises:
        DagflowInvalidSubsetError: The string is not a clause. The message shows the position and what was
            expected there.

    Example:
        >>> parse_clause("*a++") == Clause(up=ALL, name="a", down=2)
        True
        >>> parse_clause("*").name is None
        True
    """
    reader = Reader(text, _CLAUSE)
    clause = _clause(reader)
    if clause is None:
        reader.fail("a name")
    if not reader.at_end():
        Reader(text, _CLAUSE).levels_up()  # raises the error about `2+a`
        reader.fail("the end" if clause.down else "'*', '+' or the end")
    return clause


def parse_selection(text: str) -> Selection:
    """Parse an expression over the nodes of a graph.

    Args:
        text: The expression: clauses as in `parse_clause`, attributes (`tag:team=core`, `key:raw_*`),
            `sinks(...)`, `roots(...)`, `changed(code, since="main")`, `new()`, `failed()`, `untested()`,
            `and`, `or`, `not`, commas (which mean `or`) and parentheses.

    Returns:
        The tree of the expression. `str` of it can be parsed to an equal tree.

    Raises:
        DagflowInvalidSubsetError: The string is not an expression. The message shows the position and what
            was expected there.

    Example:
        >>> print(parse_selection("raw*, (kind:dbt and not tag:slow)"))
        raw* or kind:dbt and not tag:slow
    """
    return _parse(text, _OPEN)


def parse_asset_selection(text: str) -> Selection:
    """Parse a selection string of assets: a clause, or an expression of attributes.

    Args:
        text: The string: a key with its walks (`*raw/iron++`), or an expression (`+key:"raw/*" and not
            group:slow`).

    Raises:
        DagflowInvalidAssetSelectionError: The string is neither. The message shows the position and what was
            expected there.

    Example:
        >>> print(parse_asset_selection('2+key:"iron" and not kind:sql'))
        2+key:iron and not kind:sql
    """
    return _parse(text, _ASSETS)


def _parse(text: str, dialect: Dialect) -> Selection:
    # keywords are names if they are the whole text
    reader = Reader(text, dialect)
    clause = _clause(reader)
    if clause is not None and reader.at_end():
        if clause.name is None:
            return tree.Everything()
        return _walked(tree.Name(clause.name), clause.up, clause.down)
    reader = Reader(text, dialect)
    selection = _expression(reader)
    if not reader.at_end():
        reader.fail("'and', 'or', ',' or the end" if dialect.is_open else "'and', 'or' or the end")
    return selection


def _clause(reader: Reader) -> Clause | None:
    up = reader.up()
    name = reader.name()
    if name is None:
        return Clause(0, None, 0) if up == "*" and reader.at_end() else None
    return Clause(depth_of(up), name, _down_from_name(reader))


def _walked(of: Selection, up: int, down: int) -> Selection:
    return tree.Walk(of, up, down) if up or down else of


def _expression(reader: Reader) -> Selection:
    parts = [_both(reader)]
    while (reader.dialect.is_open and reader.take(",")) or reader.take_word("or"):
        parts.append(_both(reader))
    return tree.Or(tuple(parts)) if len(parts) > 1 else parts[0]


def _both(reader: Reader) -> Selection:
    parts = [_negated(reader)]
    while reader.take_word("and"):
        parts.append(_negated(reader))
    return tree.And(tuple(parts)) if len(parts) > 1 else parts[0]


def _negated(reader: Reader) -> Selection:
    if reader.depth == _MAX_DEPTH:
        reader.fail(f"no more than {_MAX_DEPTH} levels of parentheses and 'not'")
    reader.depth += 1
    found = tree.Not(_negated(reader)) if reader.take_word("not") else _walk(reader)
    reader.depth -= 1
    return found


def _walk(reader: Reader) -> Selection:
    """Read an atom and its walks."""
    reader.skip_space()
    start = reader.position
    levels = reader.levels_up()
    mark = "" if levels is not None else reader.up()
    if mark[:1] == "*" and not reader.at_atom():  # a lone `*` is not a walk
        reader.position = start
        mark = ""
    elif mark == "+":
        reader.skip_space_before_term()
    is_name = reader.at_name()
    is_bare_star = not reader.dialect.is_open and reader.at("*")
    of = _name(reader) if is_name else _term(reader)
    if is_name:
        return _walked(of, depth_of(mark), _down_from_name(reader))
    if (mark == "*" and not reader.dialect.is_open) or len(mark) > 1:
        form = "" if "*" in mark else f", or '{len(mark)}+' for {len(mark)} levels"
        reader.fail(f"one '+' for all levels{form}", start)
    up = ALL if mark else 0
    down = _down_from_term(reader)
    if is_bare_star and (mark or levels is not None or down is not None):
        reader.fail("'(*)' with a walk", start)
    if levels is None and down is None:
        return _walked(of, up, 0)
    return tree.Walk(of, up if levels is None else levels, down or 0)


def _down_from_name(reader: Reader) -> int:
    start = reader.position
    mark = reader.down()
    number = reader.number() if mark and reader.at_digit() else None
    if number is not None:
        reader.fail(f"{form_of_levels(number)}'", start)
    return depth_of(mark)


def _down_from_term(reader: Reader) -> int | None:
    """Read `+`, `+2` or `*` behind an atom other than a name. Returns None if it does not come next."""
    start = reader.position
    if reader.dialect.is_open and reader.take_adjacent("*"):
        return ALL
    if not reader.take("+"):
        return None
    number = reader.number()
    if number is not None:
        return number
    if reader.take_adjacent("+"):
        reader.fail("one '+' for all levels, or '+2' for two levels", start)
    return ALL


def _term(reader: Reader) -> Selection:
    """Read an atom other than a name."""
    if not reader.at_atom():
        _fail_at_atom(reader)
    if reader.take("*"):
        return tree.Everything()
    if reader.take("("):
        return _closed(reader)
    attribute = reader.take_attribute()
    if attribute is not None:
        return _attribute(reader, attribute)
    function = reader.take_call()
    if function is None:
        _fail_at_atom(reader)
    if function in tree.CALLS:
        return _call(reader, function)
    of = _closed(reader)
    return tree.Sinks(of) if function == "sinks" else tree.Roots(of)


def _call(reader: Reader, function: str) -> tree.Call:
    """Read the arguments of a function without a selection, and `)`."""
    facets: list[str] = []
    since: str | None = None
    is_more = not reader.take(")")
    if is_more and function != "changed":
        reader.fail("')'")
    while is_more:
        reader.skip_space()
        word, start = reader.word(), reader.position
        if word == "since" and since is None:
            since = _revision(reader)
        elif word in tree.FACETS and word not in facets:
            reader.take(word)
            facets.append(word)
        else:
            again = " once" if word in (*facets, "since") else ""
            expected = f'one of {", ".join(tree.FACETS)}, or since="..."{again}'
            reader.fail(expected, start, () if again else (*tree.FACETS, "since"))
        is_more = reader.take(",")
        if not is_more and not reader.take(")"):
            reader.fail("',' or ')'")
    return tree.Call(function, tuple(facets), since)


def _revision(reader: Reader) -> str:
    """Read `since=` and a revision."""
    reader.take("since")
    if not reader.take("="):
        reader.fail("'=' and a revision, such as since=\"main\"")
    reader.skip_space()
    found = reader.take_match(_REVISION) or reader.quoted()
    if not found:
        reader.fail('a revision, such as "origin/main"')
    return found


def _name(reader: Reader) -> Selection:
    start = reader.position
    is_quoted = reader.text[start] == '"'
    name = reader.name()
    if name is None or (not is_quoted and name in tree.RESERVED):
        reader.position = start
        _fail_at_atom(reader)
    if not is_quoted and reader.at("("):
        reader.position = start
        reader.take_call()  # raises the error about an unknown function
    return tree.Name(name)


def _fail_at_atom(reader: Reader) -> NoReturn:
    if reader.dialect.is_open:
        reader.fail(_AN_ATOM)
    reader.fail(_A_CLOSED_ATOM.format(reader.word() or "a"))


def _closed(reader: Reader) -> Selection:
    selection = _expression(reader)
    if not reader.take(")"):
        reader.fail("'and', 'or', ',' or ')'")
    return selection


def _attribute(reader: Reader, name: str) -> Selection:
    if name in tree.NULLABLE and reader.take("<null>"):
        return tree.Attribute(name, None)
    value = reader.pattern(name)
    has_pair = name in ("tag", "column_tag")
    tag_value = reader.pattern(name) if has_pair and reader.take("=") else None
    return tree.Attribute(name, value, tag_value)
