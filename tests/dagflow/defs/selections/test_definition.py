"""AssetSelection: constructors, methods, operators, strings, and what each accepts."""

from __future__ import annotations

import copy
import pickle
import sys
from typing import Any

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    CheckError,
    DagflowError,
    DagflowInvalidAssetSelectionError,
    DagflowInvalidSubsetError,
    DagflowSerializationError,
    Definitions,
    Out,
    ParameterCheckError,
    SourceAsset,
    asset,
    asset_check,
    deserialize_value,
    multi_asset,
    op,
    serialize_value,
)
from dagflow import AssetSelection as Selection
from dagflow.defs.assets.asset_graph import AssetGraph


@asset(group_name="g1", tags={"t": "v", "flag": ""}, kinds={"python"}, owners=["team:data"], deps=["src"])
def a(): ...


@asset(deps=[a], group_name="g1", tags={"t": "w"})
def b(): ...


@asset(deps=[a], group_name="g2", kinds={"python", "sql"})
def c(): ...


@asset(deps=[b, c], group_name="g2/sub")
def d(): ...


@asset(key=["x", "y"], deps=[d])
def xy(): ...


@asset(key=["x", "q", "z"], deps=["y_other"])
def xqz(): ...


def several(specs: list[AssetSpec], *checks: AssetCheckSpec, can_subset: bool = False) -> AssetsDefinition:
    """Define several assets that one op makes."""
    outputs = {spec.key.to_python_identifier(): spec.key for spec in specs}
    check_outputs = {check.get_python_identifier(): check for check in checks}
    out = {name: Out(is_required=not can_subset) for name in (*outputs, *check_outputs)}
    return AssetsDefinition(
        node_def=op(name=f"make_{min(outputs)}", out=out)(lambda: None),
        keys_by_output_name=outputs,
        specs=specs,
        check_specs_by_output_name=check_outputs,
        can_subset=can_subset,
    )


m = several([AssetSpec("m1", deps=[a]), AssetSpec("m2")])
s = several([AssetSpec("s1"), AssetSpec("s2", deps=["s1"])], can_subset=True)


@asset
def iso(): ...


@asset_check(asset=a)
def ca(): ...


@asset_check(asset=d)
def cd(): ...


SRC = AssetSpec("src", group_name="raw", kinds={"csv"})
ASSETS: list[Any] = [a, b, c, d, xy, xqz, m, s, iso, SRC]
ALL = "a b c d x/y x/q/z m1 m2 s1 s2 iso"


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    """Return the graph of the page of the specification."""
    return Definitions(ASSETS, asset_checks=[ca, cd]).resolve_asset_graph()


def named(keys: Any) -> list[str]:
    return sorted(key.to_user_string() for key in keys)


@pytest.mark.parametrize(
    ("selection", "assets", "checks"),
    [
        (Selection.all(), ALL, "a:ca d:cd"),
        (Selection.all(include_sources=True), f"{ALL} src y_other", "a:ca d:cd"),
        (Selection.assets("a", "x/y", ["x", "q", "z"], AssetKey("b"), m), "a b m1 m2 x/y x/q/z", "a:ca"),
        (Selection.assets("src"), "src", ""),
        (Selection.assets(), "", ""),
        (Selection.groups("g1", "g2/sub", "nope"), "a b d", "a:ca d:cd"),
        (Selection.groups("raw"), "", ""),
        (Selection.groups("raw", include_sources=True), "src", ""),
        (Selection.tag("t", "v"), "a", "a:ca"),
        (Selection.tag("t", ""), "", ""),
        (Selection.tag_string("flag"), "a", "a:ca"),
        (Selection.tag_string("t=w"), "b", ""),
        (Selection.kind("python"), "a c", "a:ca"),
        (Selection.kind(""), "", ""),
        (Selection.kind(None) & Selection.groups("g1"), "b", ""),
        (Selection.kind("csv", include_sources=True), "src", ""),
        (Selection.owner("team:data"), "a", "a:ca"),
        (Selection.owner("data"), "", ""),
        (Selection.owner(None), "", ""),
        (Selection.key_prefixes("x"), "x/y x/q/z", ""),
        (Selection.key_prefixes("x/q", ["x", "q"]), "x/q/z", ""),
        (Selection.key_substring("x/q"), "x/q/z", ""),
        (Selection.key_substring("s", include_sources=True), "s1 s2 iso src", ""),
        (Selection.checks(ca, AssetCheckKey(AssetKey("d"), "cd")), "", "a:ca d:cd"),
        (Selection.checks_for_assets("a", b, "nope"), "", "a:ca"),
        (Selection.all_asset_checks(), "", "a:ca d:cd"),
        (Selection.assets("d").upstream(), "a b c d", "a:ca d:cd"),
        (Selection.assets("d").upstream(1), "b c d", "d:cd"),
        (Selection.assets("d").upstream(-1), "d", "d:cd"),
        (Selection.assets("b", "d").upstream(include_self=False), "a c", "a:ca"),
        (Selection.assets("src").downstream(), "src a b c d m1 x/y", "a:ca d:cd"),
        (Selection.assets("src").downstream(1, include_self=False), "a", "a:ca"),
        (Selection.groups("g1").roots(), "a", "a:ca"),
        (Selection.assets("a", "d").roots(), "a", "a:ca"),
        (Selection.assets("a", "d", "src").sinks(), "d", "d:cd"),
        (Selection.all(include_sources=True).sinks(), "x/y x/q/z m1 m2 s2 iso", ""),
        (Selection.assets("d").upstream_source_assets(), "src", ""),
        (Selection.all(include_sources=True).materializable() - Selection.assets("a"), ALL[2:], "d:cd"),
        (Selection.assets("m1").required_multi_asset_neighbors(), "m1 m2", ""),
        (Selection.assets("s1").required_multi_asset_neighbors(), "s1", ""),
        (Selection.assets("a").without_checks(), "a", ""),
        (Selection.assets("a").without_checks().upstream(), "a", "a:ca"),
        (Selection.all() - Selection.checks(ca), ALL, "d:cd"),
        (Selection.assets("a") & Selection.all_asset_checks(), "", "a:ca"),
        (Selection.checks(ca).upstream(), "", ""),
        (Selection.assets("a").without_checks() | Selection.checks(cd), "a", "d:cd"),
    ],
    ids=str,
)
def test_a_selection_selects_assets_and_checks(graph: AssetGraph, selection: Any, assets: str, checks: str):
    """A selection of assets includes their checks; operators work on both sets."""
    assert named(selection.resolve(graph)) == sorted(assets.split())
    assert named(selection.resolve_checks(graph)) == sorted(checks.split())


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("*", Selection.all()),
        (" a ", Selection.assets("a")),
        ("x/y", Selection.assets("x/y")),
        ("raw-data.v1", Selection.assets("raw-data.v1")),
        ("not", Selection.assets("not")),
        ("++a", Selection.assets("a").upstream(2)),
        ("a+", Selection.assets("a").downstream(1)),
        ("*a", Selection.assets("a").upstream(sys.maxsize)),
        ("*+a", Selection.assets("a").upstream(sys.maxsize)),
        ("+a+*", Selection.assets("a").upstream(1) | Selection.assets("a").downstream(sys.maxsize)),
        ("group:g1", Selection.groups("g1")),
        ("group:<null>", Selection.groups()),
        ("tag:t", Selection.tag("t", "")),
        ('tag : "t" = v', Selection.tag("t", "v")),
        ("kind:sql OR owner:me", Selection.kind("sql") | Selection.owner("me")),
        ("kind:<null>", Selection.kind(None)),
        ("not kind:a and owner:b", (Selection.all() - Selection.kind("a")) & Selection.owner("b")),
        ("+group:g", Selection.groups("g").upstream()),
        ("1+group:g+2", Selection.groups("g").upstream(1) | Selection.groups("g").downstream(2)),
        ("0+group:g", Selection.groups("g").upstream(0)),
        ("sinks(roots( * ))", Selection.all().roots().sinks()),
        ("(kind:a or kind:b) and kind:c", (Selection.kind("a") | Selection.kind("b")) & Selection.kind("c")),
    ],
)
def test_a_string_means_what_the_methods_build(text: str, selection: Any):
    """A string is equal to the selection that the constructors, methods and operators build."""
    assert Selection.from_string(text) == selection


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key:x/*", "x/y x/q/z"),
        ('key:"*y*"', "x/y y_other"),
        ("key:a?", None),
        ('key:"?"', ""),
        ('key:"nope"', ""),
        ('group:"g*"', "a b c d"),
        ('kind:"py*"', ""),
        ("partitions:none and group:g1", "a b"),
        ("is:external", "src y_other"),
        ("is:materializable and +key:b", "a b"),
        ("key:src+1", "src a"),
    ],
)
def test_patterns(graph: AssetGraph, text: str, expected: str | None):
    """Keys and groups may have `*`; key patterns match external assets too."""
    if expected is None:
        with pytest.raises(DagflowInvalidAssetSelectionError):
            Selection.from_string(text)
    else:
        assert named(Selection.from_string(text).resolve(graph)) == sorted(expected.split())


@pytest.mark.parametrize(
    "text",
    [
        "", "+", "**a", "a**", "a*b", "+*a", "a*+", "2+a", "a+1", "a,b", "a b", "a or b", "not a", "a\\b",
        "And", "key:a And key:b", "++key:d", "+2key:d", "*key:d", "-1+key:d", "group:g*", "key:*", "key:a-b",
        "key:1", "owner:team:x", "foo:a", "key_substring:a", "is:x", "Key:a", "key:'a'", 'key:"a', "(key:a",
        "key:", "sinks()", "foo(*)", "key:a,key:b", "changed()",
    ],
)  # fmt: skip
def test_what_is_no_selection_string_is_refused(text: str):
    """The error has the string."""
    if text == "And":  # a key, like any word
        assert Selection.from_string(text) == Selection.assets("And")
        return
    with pytest.raises(DagflowInvalidAssetSelectionError) as error:
        Selection.from_string(text)

    assert text in str(error.value)


@pytest.mark.parametrize(
    ("selection", "text"),
    [
        (Selection.all(), "*"),
        (Selection.assets("a", "x/y"), 'key:"a" or key:"x/y"'),
        (Selection.assets(), "not *"),
        (Selection.groups("g1", "g2"), 'group:"g1" or group:"g2"'),
        (Selection.groups(), "group:<null>"),
        (Selection.tag("t", "v"), 'tag:"t"="v"'),
        (Selection.tag("t", ""), 'tag:"t"'),
        (Selection.kind("k"), 'kind:"k"'),
        (Selection.kind(None), "kind:<null>"),
        (Selection.owner('a"b'), 'owner:"a""b"'),
        (Selection.key_substring("x", include_sources=True), 'key:"*x*"'),
        (Selection.assets("d").upstream(), '+key:"d"'),
        (Selection.assets("d").upstream(sys.maxsize), '+key:"d"'),
        (Selection.assets("d").upstream(1), '1+key:"d"'),
        (Selection.assets("d").downstream(2), 'key:"d"+2'),
        (Selection.assets("d").upstream(include_self=False), '+key:"d" and not key:"d"'),
        (Selection.assets("d").upstream(0), 'key:"d"'),
        (Selection.assets("a", "b").upstream(), '+(key:"a" or key:"b")'),
        (Selection.all().upstream(), "+(*)"),
        (Selection.assets("a").upstream().downstream(), '(+key:"a")+'),
        (Selection.groups("g1").sinks(), 'sinks(group:"g1")'),
        (Selection.all() - (Selection.assets("a") | Selection.kind("k")), 'not (key:"a" or kind:"k")'),
        (Selection.assets("a") - Selection.kind("k"), 'key:"a" and not kind:"k"'),
        (
            Selection.assets("a") | (Selection.kind("k") & Selection.kind("l")),
            'key:"a" or (kind:"k" and kind:"l")',
        ),
    ],
    ids=str,
)
def test_the_string_of_a_selection(selection: Any, text: str):
    """The string has double quotes around values, and parentheses around compound operands."""
    assert selection.to_selection_str() == str(selection) == text
    Selection.from_string(text)


@pytest.mark.parametrize(
    "selection",
    [
        Selection.key_prefixes("x"),
        Selection.all().materializable(),
        Selection.assets("a").required_multi_asset_neighbors(),
        Selection.assets("a").upstream_source_assets(),
        Selection.assets("a").without_checks(),
        Selection.all_asset_checks(),
        Selection.assets(AssetKey("a*")),
    ],
)
def test_a_selection_without_a_string(selection: Any):
    """Some selections have no string: their `str` is the repr."""
    with pytest.raises(NotImplementedError):
        selection.to_selection_str()
    assert str(selection) == repr(selection)


def test_operands_of_one_operator_are_flat():
    """Chains of one operator are one selection with all operands."""
    one, two, three = Selection.assets("a"), Selection.kind("k"), Selection.groups("g")

    assert (one | (two | three)) == ((one | two) | three)
    assert (one & two & three).operands == [one, two, three]
    with pytest.raises(AttributeError, match="no 'operands'"):
        _ = one.operands


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        lambda one: pickle.loads(pickle.dumps(one)),
        lambda one: deserialize_value(serialize_value(one), Selection),
    ],
)
def test_equality_and_copies(copied: Any):
    """Selections are compared by their content, and survive copies, pickles and `serialize_value`."""
    one = Selection.assets(a, m).upstream() - Selection.checks(ca) | Selection.from_string("+kind:sql")

    assert copied(one) == one
    assert one != Selection.assets("a")
    assert Selection.assets("a") != "a"
    assert bool(Selection.assets())
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_an_unknown_key_has_a_hint(graph: AssetGraph):
    """The error has the unknown keys, and keys that differ in the prefix only."""
    for selection in (
        Selection.assets("y"),
        Selection.assets("y").upstream(),
        Selection.kind("k") & Selection.assets("y"),
    ):
        with pytest.raises(DagflowInvalidSubsetError, match=r"'y'.*Did you mean 'x/y'"):
            selection.resolve(graph)
        assert selection.resolve(graph, allow_missing=True) == set()
    unknown = Selection.checks(AssetCheckKey(AssetKey("a"), "no"))
    with pytest.raises(DagflowInvalidSubsetError, match="a:no"):
        unknown.resolve_checks(graph)
    assert unknown.resolve_checks(graph, allow_missing=True) == set()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("status:x", NotImplementedError),
        ("column:x", NotImplementedError),
        ("column_tag:x=y", NotImplementedError),
        ("job:x", CheckError),
        ("code_location:x", CheckError),
    ],
)
def test_attributes_that_no_graph_has(graph: AssetGraph, text: str, error: type[Exception]):
    """Attributes of a deployment can be parsed and printed, but not resolved."""
    selection = Selection.from_string(text)

    assert Selection.from_string(str(selection)) == selection
    with pytest.raises(error, match="cannot be resolved"):
        selection.resolve(graph)


def test_what_a_selection_is_resolved_against(graph: AssetGraph):
    """It is a graph, or a list of AssetsDefinitions and SourceAssets."""
    assert Selection.all().resolve([a, ca]) == {a.key}
    assert Selection.all(include_sources=True).resolve([SourceAsset("s")]) == {AssetKey("s")}
    for wrong in (Definitions([a]), 5, a):
        with pytest.raises(ParameterCheckError, match="all_assets"):
            Selection.all().resolve(wrong)
    with pytest.raises(CheckError, match="AssetSpec"):
        Selection.all().resolve([a, SRC])
    assert Selection.assets(a).to_serializable_asset_selection(graph) == Selection.assets("a")


@pytest.mark.parametrize(
    ("given", "selection"),
    [
        ("+a", Selection.assets("a").upstream(1)),
        (["a", "kind:k"], Selection.assets("a") | Selection.kind("k")),
        ([AssetKey("a"), AssetKey("b")], Selection.assets("a", "b")),
        ((a, m), Selection.assets("a", "m1", "m2")),
        ([SourceAsset("s"), ca], Selection.assets("s")),
        (Selection.all(), Selection.all()),
    ],
)
def test_accepted_forms(given: Any, selection: Any):
    """A selection may be a string, a list of strings, keys or definitions, or an AssetSelection."""
    assert Selection.from_coercible(given) == selection


@pytest.mark.parametrize(
    "given", [["a", AssetKey("b")], {"a"}, [SRC], a, 5, None, AssetKey("a"), [], [Selection.all()], [["a"]]]
)
def test_other_forms_are_refused(given: Any):
    """The error has the accepted forms."""
    with pytest.raises(DagflowError, match="must be an AssetSelection"):
        Selection.from_coercible(given)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Selection.assets(5),
        lambda: Selection.assets(SRC),
        lambda: Selection.assets(SourceAsset("s")),
        lambda: Selection.checks_for_assets(5),
        lambda: Selection.checks("a"),
        lambda: Selection.groups(["a"]),
        lambda: Selection.tag("t", None),
        lambda: Selection.tag_string("a=b=c"),
        lambda: Selection.kind(5),
        lambda: Selection.owner(5),
        lambda: Selection.key_prefixes(5),
        lambda: Selection.key_substring(5),
        lambda: Selection.from_string(5),
        lambda: Selection.all("x"),
        lambda: Selection.all().upstream("x"),
        lambda: Selection.all().downstream(include_self=5),
        lambda: Selection.all() | "a",
        lambda: Selection.all() & None,
        lambda: Selection.all() - {a.key},
        lambda: Selection.all().resolve([a], allow_missing=1),
        lambda: Selection.all().to_serializable_asset_selection([a]),
    ],
)
def test_wrong_arguments(build: Any):
    """An argument of a wrong type raises an error when the selection is built."""
    with pytest.raises(CheckError):
        build()
    with pytest.raises(CheckError, match="static methods"):
        Selection("a")  # type: ignore[arg-type]


def test_old_names():
    """`keys` and `sources` are deprecated names of `assets` and `roots`."""
    with pytest.warns(DeprecationWarning, match=r"AssetSelection\.assets"):
        assert Selection.keys("a") == Selection.assets("a")
    with pytest.warns(DeprecationWarning, match=r"AssetSelection\.roots"):
        assert Selection.all().sources() == Selection.all().roots()


@pytest.mark.parametrize(
    "damage",
    [
        ("Term", "Thing"),
        ('"term": {', '"of": {'),
        ('{"__class__": "AllTerm", "include_sources": false}', "5"),
    ],
)
def test_a_damaged_stored_selection(damage: tuple[str, str]):
    """A stored selection with a part of another class is refused."""
    stored = serialize_value(Selection.all().upstream())

    with pytest.raises(DagflowSerializationError):
        deserialize_value(stored.replace(*damage))


def test_the_name_of_a_function_of_several_assets():
    """The error about the name names the assets that the function makes."""

    @multi_asset(specs=[AssetSpec("cups"), AssetSpec("beans")])
    def shop(): ...

    with pytest.raises(DagflowInvalidSubsetError, match="'shop' is the function of 'cups' and 'beans'"):
        Selection.assets("shop").resolve([shop])
