"""The parser of selections: clauses, expressions and errors."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dagflow.errors import DagflowError, DagflowInvalidAssetSelectionError, DagflowInvalidSubsetError
from dagflow.selection.parse import Clause, parse_asset_selection, parse_clause, parse_selection
from dagflow.selection.tree import (
    ALL,
    ATTRIBUTES,
    FACETS,
    And,
    Attribute,
    Call,
    Everything,
    Name,
    Not,
    Or,
    Pattern,
    Roots,
    Selection,
    Sinks,
    Walk,
)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("a", Clause(0, "a", 0)),
        ("  a\n", Clause(0, "a", 0)),
        ("*a", Clause(ALL, "a", 0)),
        ("+a", Clause(1, "a", 0)),
        ("++a+++", Clause(2, "a", 3)),
        ("*a*", Clause(ALL, "a", ALL)),
        ("inner.b", Clause(0, "inner.b", 0)),
        ("shop/cup+", Clause(0, "shop/cup", 1)),
        ("brew[k1]*", Clause(0, "brew[k1]", ALL)),
        ("brew[?]", Clause(0, "brew[?]", 0)),
        ("changed", Clause(0, "changed", 0)),
        ("1st", Clause(0, "1st", 0)),
        ('*"my key"+', Clause(ALL, "my key", 1)),
        ("*", Clause(0, None, 0)),
        ("raw-beans", Clause(0, "raw-beans", 0)),
        ("*+a+*", Clause(ALL, "a", ALL)),
        ("2+", Clause(0, "2", 1)),
    ],
)
def test_a_clause_is_a_name_and_its_walks(text: str, clause: Clause):
    """A clause has the depth up, the name and the depth down."""
    assert parse_clause(text) == clause


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "**",
        "a,b2",
        "tag:x",
        "a+1",
        "inner.*",
        "a.",
        "* a",
        "a *",
        "+*a",
        "a*+",
        "a b",
        "a-",
        '"a',
        "*+",
        "a+*+",
    ],
)
def test_what_is_no_clause_is_refused(text: str):
    """A clause is one name with at most one mark on each side and no white space inside."""
    with pytest.raises(DagflowInvalidSubsetError, match="cannot read"):
        parse_clause(text)


A, B, C = Name("a"), Name("b"), Name("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a or b and c", Or((A, And((B, C))))),
        ("a, b , c", Or((A, B, C))),
        ("a or b, c", Or((A, B, C))),
        ("(a or b) and c", And((Or((A, B)), C))),
        ("not a and b", And((Not(A), B))),
        ("not not a", Not(Not(A))),
        ("not a+", Not(Walk(A, 0, 1))),
        ("not(a)", Not(A)),
        ("+(a, b)*", Walk(Or((A, B)), ALL, ALL)),
        ("2+(a, b)+1", Walk(Or((A, B)), 2, 1)),
        ("0+key:x", Walk(Attribute("key", Pattern("x")))),
        ("(a+)+", Walk(Walk(A, 0, 1), 0, ALL)),
        ("(a)+", Walk(A, 0, ALL)),
        ("*", Everything()),
        ("* and a", And((Everything(), A))),
        ("**", Walk(Everything(), ALL, 0)),
        ("*+", Walk(Everything(), 0, ALL)),
        ("*,a", Or((Everything(), A))),
        ("changed(code)", Call("changed", ("code",))),
        ('changed( since = "a b" , env )', Call("changed", ("env",), "a b")),
        ("changed(since=HEAD~1)*", Walk(Call("changed", (), "HEAD~1"), 0, ALL)),
        ("new() or failed ( )", Or((Call("new"), Call("failed")))),
        ("failed and changed", And((Name("failed"), Name("changed")))),
        ("schedule:nightly+", Walk(Attribute("schedule", Pattern("nightly")), 0, ALL)),
        ("changed()*", Walk(Call("changed"), 0, ALL)),
        ("changed()+", Walk(Call("changed"), 0, ALL)),
        ("a+ and key:b+", And((Walk(A, 0, 1), Walk(Attribute("key", Pattern("b")), 0, ALL)))),
        ("1 + key : b + 2", Walk(Attribute("key", Pattern("b")), 1, 2)),
        ("a AND NOT b OR c", Or((And((A, Not(B))), C))),
        ("and", Name("and")),
        ("+not*", Walk(Name("not"), 1, ALL)),
        ("all or sinks-x", Or((Name("all"), Name("sinks-x")))),
        ("1st+ and a", And((Walk(Name("1st"), 0, 1), A))),
        ("2+ and a", And((Walk(Name("2"), 0, 1), A))),
        ("sinks(*a)", Sinks(Walk(A, ALL, 0))),
        ("roots( a , b )", Roots(Or((A, B)))),
        ('"and" and "changed"', And((Name("and"), Name("changed")))),
        ("android or nota", Or((Name("android"), Name("nota")))),
        ("tag", Name("tag")),
        ("key:raw_*", Attribute("key", Pattern("raw_*", is_glob=True))),
        ("(key:raw_*)*", Walk(Attribute("key", Pattern("raw_*", is_glob=True)), 0, ALL)),
        ("*key:raw_?", Walk(Attribute("key", Pattern("raw_?", is_glob=True)), ALL, 0)),
        ("key:shop/cup+", Walk(Attribute("key", Pattern("shop/cup")), 0, ALL)),
        ("key:raw_*+", Walk(Attribute("key", Pattern("raw_*", is_glob=True)), 0, ALL)),
        ("owner:<null>", Attribute("owner", None)),
        ("tag: a", Attribute("tag", Pattern("a"))),
        ('key:"raw_*"', Attribute("key", Pattern("raw_*"))),
        ('key:"raw"*', Walk(Attribute("key", Pattern("raw")), 0, ALL)),
        ('owner:"me@home.org"', Attribute("owner", Pattern("me@home.org"))),
        ("tag:team", Attribute("tag", Pattern("team"))),
        ("tag:team=core", Attribute("tag", Pattern("team"), Pattern("core"))),
        ('tag:dagflow/priority="-1"', Attribute("tag", Pattern("dagflow/priority"), Pattern("-1"))),
        ("tag:team=*", Attribute("tag", Pattern("team"), Pattern("*", is_glob=True))),
    ],
)
def test_an_expression_is_read_as_a_tree(text: str, tree: Selection):
    """Walks bind tightest, then `not`, then `and`, then `or` and comma."""
    assert parse_selection(text) == tree


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_each_attribute_is_known(attribute: str):
    """Every attribute can be written before a colon."""
    assert parse_selection(f"{attribute}:x") == Attribute(attribute, Pattern("x"))


@pytest.mark.parametrize(
    ("text", "caret", "expected"),
    [
        ("", 0, "a name"),
        ("a and", 5, "a name"),
        ("a and and b", 6, "a name"),
        ("a b", 2, "'and', 'or', ',' or the end"),
        ("(a or b", 7, "')'"),
        ("a)", 1, "the end"),
        ("+ a", 1, "a name"),
        ("a or sink(b)", 5, "before '('. Did you mean 'sinks'?"),
        ("new(a)", 4, "')'"),
        ("changed(a)", 8, "one of code, config"),
        ("changed(cod)", 8, "Did you mean 'code'?"),
        ("changed(code, code)", 14, "once"),
        ("changed(code", 12, "',' or ')'"),
        ("changed(code,)", 13, "one of code"),
        ("changed(since)", 13, "'=' and a revision"),
        ("changed(since=)", 14, "a revision"),
        ('changed(since="")', 16, "a revision"),
        ('changed(since="a", since="b")', 19, "once"),
        ("raw*x", 4, 'A glob is written key:"raw*x"'),
        ("a or ?.csv", 5, "A glob is written key:?.csv"),
        ("*.csv", 1, 'A glob is written key:"*.csv"'),
        ("9999999999+key:a", 0, "at most 9 digits"),
        ("key:a+9999999999", 6, "at most 9 digits"),
        ("tags:a", 0, "one of key, op, asset"),
        ("key:<null>", 4, "a value"),
        ("2+a", 0, "'++a'"),
        ("a or 2+b", 5, "'++b'"),
        ('2+"a b"', 0, "one '+' for each level"),
        ("a+1", 1, "'+'"),
        ("a or b++3", 6, "'+++'"),
        ("++key:a", 0, "'2+' for 2 levels"),
        ("key:a++", 5, "'+2'"),
        ("*+key:a", 0, "one '+'"),
        ("tag:a=", 6, "a value"),
        ("tag:and", 4, "a value"),
        ("kind:a=b", 6, "the end"),
        ('a or "b', 7, "a closing quote"),
        ("a\nor ?", 5, "a name"),
    ],
)
def test_an_error_shows_the_text_the_place_and_what_was_expected(text: str, caret: int, expected: str):
    """The second line of the error is the selection, the third has a caret at the position."""
    with pytest.raises(DagflowInvalidSubsetError) as error:
        parse_selection(text)

    first, second, third = str(error.value).split("\n")
    assert expected in first
    assert second == "    " + text.replace("\n", " ")
    assert third == "    " + " " * caret + "^"


def test_a_long_text_is_shown_around_the_mistake():
    """The error shows some characters on both sides of the mistake; wide characters have two columns."""
    with pytest.raises(DagflowInvalidSubsetError) as error:
        parse_selection("日本, " + "a, " * 30 + "!" + " b" * 100_000)

    _, line, caret = str(error.value).split("\n")
    assert line == "    ..." + "a, " * 20 + "!" + " b" * 29 + " ..."
    assert line[len(caret) - 1] == "!"


def test_the_right_form_is_one_that_the_entrance_accepts():
    """A hint names a glob only if the entrance has globs, and the form of a walk at each entrance."""
    with pytest.raises(DagflowInvalidAssetSelectionError, match=r'A glob is written key:"a[*]b"'):
        parse_asset_selection("a*b")
    with pytest.raises(DagflowInvalidAssetSelectionError) as error:
        parse_asset_selection("a?b or c")
    assert "glob" not in str(error.value)
    for text in ("a*b", "a:b"):
        with pytest.raises(DagflowInvalidSubsetError) as refused:
            parse_clause(text)
        assert "written" not in str(refused.value)
    for parse in (parse_clause, parse_asset_selection, parse_selection):
        with pytest.raises(DagflowError, match=r"'\+\+a'"):
            parse("2+a")
        with pytest.raises(DagflowError, match=r"each level of a name: '\+\+'"):
            parse("a+2")
        with pytest.raises(DagflowError, match=r"no '[+]' for no level: ''"):
            parse("a+0")


def test_a_wide_character_has_two_columns():
    """The caret is under the mistake in a terminal."""
    with pytest.raises(DagflowInvalidSubsetError, match=r"\n    日本 !\n         \^$"):
        parse_selection("日本 !")


def test_depth_has_a_limit_that_is_named():
    """The error about too many parentheses names the limit."""
    assert parse_selection("(" * 40 + "a" + ")" * 40) == A
    with pytest.raises(DagflowInvalidSubsetError, match="no more than 50 levels"):
        parse_selection("(" * 5000 + "a" + ")" * 5000)


@pytest.mark.parametrize(
    "text", ["*+", "+*", "1+(*+2)", "roots(*+)", "a, key:b", "changed()", "a or b", "kind:p*"]
)
def test_strings_of_assets_are_a_part_of_the_language(text: str):
    """The strings of assets have no commas, no names among operators, and no walks of a bare `*`."""
    parse_selection(text)
    with pytest.raises(DagflowInvalidAssetSelectionError, match="cannot read"):
        parse_asset_selection(text)


@pytest.mark.parametrize("text", ["*", "*+a+", "raw-data", "+key:a/b and not (tag: t = v)", "roots((*)+)+2"])
def test_a_string_of_assets_means_the_same_among_nodes(text: str):
    """A text that both accept is read as the same tree."""
    assert parse_asset_selection(text) == parse_selection(text)


_TOKENS = (
    'a b/c d-e x.y [k] ? and or not roots sinks changed ( ) * + 2 key: tag: kind: = <null> " ü : sinks( AND'
)


@given(st.lists(st.sampled_from([*_TOKENS.split(" "), " "]), min_size=1, max_size=7).map("".join))
@example("a[k]and*")
def test_no_text_has_two_meanings(text: str):
    """Law: a text that two entrances accept is one tree for both."""
    trees = []
    for parse in (parse_asset_selection, parse_selection):
        with suppress(DagflowInvalidAssetSelectionError, DagflowInvalidSubsetError):
            trees.append(parse(text))

    assert all(tree == trees[0] for tree in trees)


texts = st.one_of(st.from_regex(r"[a-z_]{1,4}([./][a-z]{1,2})?(\[k\])?", fullmatch=True), st.text(max_size=6))
globs = st.from_regex(r"[a-z]?[*?][a-z*?]{0,2}", fullmatch=True).map(lambda text: Pattern(text, is_glob=True))
patterns = texts.map(Pattern) | globs
depths = st.sampled_from([0, 1, 2, ALL])
atoms = st.one_of(
    st.builds(Name, texts),
    st.builds(Attribute, st.sampled_from(ATTRIBUTES), patterns),
    st.builds(Attribute, st.just("tag"), patterns, patterns),
    st.just(Everything()),
    st.builds(Call, st.sampled_from(["new", "failed", "untested"])),
    st.builds(
        Call,
        st.just("changed"),
        st.lists(st.sampled_from(FACETS), unique=True, max_size=3).map(tuple),
        st.none() | st.text(min_size=1, max_size=6),
    ),
)


def _larger(parts: st.SearchStrategy[Selection]) -> st.SearchStrategy[Selection]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    walks = st.builds(Walk, parts, depths, depths).filter(lambda walk: walk.up or walk.down)
    return st.one_of(
        walks,
        st.builds(Not, parts),
        st.builds(Sinks, parts),
        st.builds(Roots, parts),
        st.builds(And, several),
        st.builds(Or, several),
    )


trees: st.SearchStrategy[Selection] = atoms
for _ in range(3):
    trees = atoms | _larger(trees)


@given(trees)
def test_a_tree_prints_as_it_reads(tree: Selection):
    """Law: parsing the string of a tree returns an equal tree."""
    assert parse_selection(str(tree)) == tree


pieces = st.sampled_from(
    [
        "a",
        "b.c",
        "d/e",
        "and",
        "or",
        "not",
        "*",
        "+",
        "(",
        ")",
        ",",
        " ",
        '"',
        "key:",
        "tag:",
        "=",
        "?",
        "sinks",
        "changed()",
    ]
)


@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=10))
def test_any_text_is_read_or_refused(text: str):
    """Law: any string is parsed to a tree that prints as it parses, or raises the one error."""
    try:
        tree = parse_selection(text)
    except DagflowInvalidSubsetError:
        return

    assert parse_selection(str(tree)) == tree


@given(texts, depths, depths)
def test_a_clause_means_in_an_expression_what_it_means_alone(name: str, up: int, down: int):
    """Law: an expression of one clause is the walk of that clause."""
    text = ("*" if up == ALL else "+" * up) + str(Name(name)) + ("*" if down == ALL else "+" * down)

    assert parse_clause(text) == Clause(up, name, down)
    assert parse_selection(text) == (Walk(Name(name), up, down) if up or down else Name(name))
