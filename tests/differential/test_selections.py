"""Tests of random selections of random assets: the reference and dagflow select the same."""

from __future__ import annotations

import re
import warnings
from typing import Any, NamedTuple

import profiles
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import dagflow

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")

examples = profiles.examples(
    100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Asset(NamedTuple):
    """The description of an asset.

    `sort` is "asset", "spec" (an external asset), "multi" or "divisible": a multi-asset has a second asset.
    """

    key: str
    deps: tuple[str, ...]
    sort: str
    group: str
    tags: dict[str, str]
    kinds: tuple[str, ...]
    owners: tuple[str, ...]
    checks: int


KEYS = ("a", "b", "ab", "x/a", "x/b", "y/x/a", "c")
MISSING = ("stub", "x/stub")
GROUPS, WORDS = ("g", "g/h", "default"), ("t", "v", "", "sql")


@st.composite
def assets(draw: st.DrawFn) -> list[Asset]:
    """Draw assets, each with dependencies on earlier ones."""
    found: list[Asset] = []
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=3)):
        known = (*MISSING, *(asset.key for asset in found))
        found.append(
            Asset(
                key,
                tuple(draw(st.lists(st.sampled_from(known[-4:]), unique=True, min_size=1, max_size=2))),
                draw(st.sampled_from(["asset", "asset", "multi", "divisible", "spec"])),
                draw(st.sampled_from(GROUPS)),
                draw(st.dictionaries(st.sampled_from(["t", "u"]), st.sampled_from(WORDS), max_size=2)),
                tuple(draw(st.lists(st.sampled_from(["sql", "csv"]), unique=True))),
                tuple(draw(st.lists(st.sampled_from(["team:t", "me@x.org"]), unique=True))),
                draw(st.integers(0, 2)),
            )
        )
    return found


names = st.sampled_from((*KEYS, *MISSING[:1], "a2", "b2"))
quoted = st.sampled_from([*KEYS, "a*", "*", "x/*", "*a*", "?", "nope"]).map(lambda text: f'"{text}"')
words = st.sampled_from(["a", "x/a", "a*", "*a", "x/*", "nope"])
spaces = st.sampled_from(["", "", "", " "])
attributes = st.one_of(
    st.builds("key:{}".format, quoted | words),
    st.builds("group:{}".format, st.sampled_from(["g", "g/h", '"g*"', '"*"', "<null>", "nope"])),
    st.builds("tag:{}".format, st.sampled_from(["t", "u", "t=v", 't="v"', "u = t", '"t"="sql"'])),
    st.builds("kind:{}".format, st.sampled_from(["sql", '"csv"', '"s*"', "<null>"])),
    st.builds("owner:{}".format, st.sampled_from(['"team:t"', "t", "<null>", '"me@x.org"'])),
    st.builds("partitions:{}".format, st.sampled_from(["none", "static", "<null>"])),
    st.sampled_from(["is:external", "is:materializable", "*", "foo:a", "status:x", "job:x"]),
)


def _larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    number = st.sampled_from(["", "", "0", "1", "2", " 1 "])
    return st.one_of(
        st.builds("{}+({})".format, number, parts),
        st.builds("({})+{}".format, parts, number),
        st.builds("{}+({})+{}".format, number, parts, number),
        st.builds("{}({})".format, st.sampled_from(["roots", "sinks", "not ", "not", ""]), parts),
        st.builds("{} {} {}".format, parts, st.sampled_from(["and", "or", "and not", "OR", "AND"]), parts),
        st.builds("{}{}{}".format, st.sampled_from(["", "+", "1+"]), parts, st.sampled_from(["", "+", "+1"])),
    )


clauses = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "+", "++", "*", "*+", "**", "2+"]),
    names,
    st.sampled_from(["", "+", "++", "*", "+*", "*+", "+1"]),
)
expressions: st.SearchStrategy[str] = attributes
for _ in range(2):
    expressions = attributes | _larger(expressions)
texts = clauses | expressions

starts = st.one_of(
    st.builds("S.assets({})".format, st.lists(names.map(repr), max_size=3).map(", ".join)),
    st.builds("S.groups({!r}, include_sources={})".format, st.sampled_from(GROUPS), st.booleans()),
    st.builds("S.tag({!r}, {!r})".format, st.sampled_from(["t", "u"]), st.sampled_from(WORDS)),
    st.builds("S.kind({!r})".format, st.sampled_from(["sql", "csv", "", None])),
    st.builds("S.owner({!r})".format, st.sampled_from(["team:t", "t", None])),
    st.builds("S.key_prefixes({!r}, include_sources={})".format, words, st.booleans()),
    st.builds("S.key_substring({!r}, include_sources={})".format, words, st.booleans()),
    st.builds("S.all({})".format, st.booleans()),
    st.builds("S.checks_for_assets({!r})".format, names),
    st.just("S.all_asset_checks()"),
)


def _called(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    plain = ["roots", "sinks", "upstream_source_assets", "materializable", "required_multi_asset_neighbors"]
    return st.one_of(
        st.builds("{}.{}()".format, parts, st.sampled_from([*plain, "without_checks"])),
        st.builds(
            "{}.{}({}, {})".format,
            parts,
            st.sampled_from(["upstream", "downstream"]),
            st.sampled_from([None, 0, 1, 2, -1]),
            st.booleans(),
        ),
        st.builds("({} {} {})".format, parts, st.sampled_from("|&-"), parts),
    )


programs: st.SearchStrategy[str] = starts
for _ in range(3):
    programs = starts | _called(programs)


def define(library: Any, described: list[Asset]) -> Any:
    """Return the graph of the described assets."""
    found, checks = [], []
    for one in described:
        facts: dict[str, Any] = {
            "deps": [key.split("/") for key in one.deps],
            "group_name": one.group,
            "tags": one.tags,
            "owners": list(one.owners),
            "kinds": set(one.kinds),
        }
        key = library.AssetKey(one.key.split("/"))
        if one.sort == "spec":
            found.append(library.AssetSpec(key, **facts))
        elif one.sort != "asset":
            is_divisible = one.sort == "divisible"
            second = library.AssetKey(f"{one.key}2".split("/"))
            outs = {"one": library.Out(), "two": library.Out()}
            node_def = library.op(name=f"make_{one.key.replace('/', '_')}", out=outs)(lambda: None)
            made = library.AssetsDefinition(
                node_def=node_def,
                keys_by_input_name={},
                keys_by_output_name={"one": key, "two": second},
                specs=[library.AssetSpec(key, **facts), library.AssetSpec(second, deps=[key])],
                can_subset=is_divisible,
            )
            found.append(made)
        else:
            facts["deps"] = [library.AssetKey(path) for path in facts["deps"]]
            found.append(library.asset(key=key, **facts)(lambda: None))
        checks += [
            library.asset_check(asset=key, name=f"c{number}")(lambda: None) for number in range(one.checks)
        ]
    return library.Definitions(found, asset_checks=checks).resolve_asset_graph()


def answer(library: Any, graph: Any, select: str) -> tuple[Any, ...]:
    """Return the keys and checks that a selection selects, or the class of the error."""
    try:
        selection = eval(select, {"S": library.AssetSelection})
        return (
            sorted(key.to_user_string() for key in selection.resolve(graph)),
            sorted(key.to_user_string() for key in selection.resolve_checks(graph)),
        )
    except Exception as error:
        return (re.sub("Dagster", "Dagflow", type(error).__name__),)


def check(described: list[Asset], *selects: str) -> None:
    """Fail if the libraries select differently."""
    # the reference puts all external assets of a project into one definition, so they are neighbors there
    has_one_external = sum(one.sort == "spec" for one in described) < 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graphs = [(library, define(library, described)) for library in (reference, dagflow)]
        for select in selects:
            if has_one_external or "neighbors" not in select:
                theirs, ours = (answer(library, graph, select) for library, graph in graphs)
                assert ours == theirs, select


@given(assets(), texts)
@examples
def test_selection_strings(described: list[Asset], text: str) -> None:
    """A selection string selects the same assets and checks, or raises an error of the same class."""
    check(described, f"S.from_string({text!r})")


@given(assets(), programs)
@examples
def test_selection_objects(described: list[Asset], program: str) -> None:
    """A selection that constructors, methods and operators build selects the same."""
    check(described, program)


@given(assets(), programs)
@examples
def test_strings_of_selections(described: list[Asset], program: str) -> None:
    """The string of a selection selects the same in both libraries, where the reference can read its own."""
    selection = eval(program, {"S": dagflow.AssetSelection})
    try:
        text = selection.to_selection_str()
    except NotImplementedError:
        return

    check(described, f"S.from_string({text!r})")


METHODS = (
    "roots()", "sinks()", "upstream()", "upstream(1)", "downstream()", "downstream(2, False)",
    "upstream_source_assets()", "materializable()", "required_multi_asset_neighbors()", "without_checks()",
)  # fmt: skip


@given(assets(), st.data())
@examples
def test_each_method_of_a_set_of_assets(described: list[Asset], data: st.DataObject) -> None:
    """Each method of a drawn set of the assets selects the same."""
    keys = [one.key for one in described]
    chosen = data.draw(st.lists(st.sampled_from(keys), min_size=2, unique=True))

    check(described, *(f"S.assets(*{chosen}).{method}" for method in METHODS))
