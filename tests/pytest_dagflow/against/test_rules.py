"""Tests of the rules of a comparison, and of what a session declares."""

from __future__ import annotations

import json

import pytest

from pytest_dagflow.against.rules import (
    ALL,
    Declared,
    Expectation,
    Rule,
    parse_rule,
    read_rules,
    resolved_rules,
)

OPTION = "--dag-against-rule"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rel=1e-9", Rule("", rel=1e-9)),
        ("orders: abs=0.01 keys=id,day", Rule("", "orders", abs=0.01, keys=("id", "day"))),
        ("job:cafe and not x : ignore", Rule("", "job:cafe and not x", ignored=ALL)),
        (
            "kind:table: ignore=a,'b c' expect=fare_*",
            Rule("", "kind:table", ignored=("a", "b c"), expected=("fare_*",)),
        ),
        ("orders: expect", Rule("", "orders", expected=ALL)),
        ("rel=0", Rule("", rel=0.0)),
    ],
)
def test_rules(text: str, expected: Rule):
    """The nodes are all before the last colon with a space, so an expression may have colons."""
    rule = parse_rule(text, OPTION)

    assert rule == Rule(text, *tuple(vars(expected).values())[1:])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it has no settings"),
        ("orders: ", "it has no settings"),
        (": rel=1", "it lacks the nodes before the colon"),
        ("orders", "'orders' is no setting"),
        ("orders:rel=1", "'orders:rel' is no setting"),
        ("ignor=a", "Did you mean 'ignore'?"),
        ("rel=x", "'rel=x' needs a number of at least 0"),
        ("rel=-1", "'rel=-1' needs a number"),
        ("rel=nan", "'rel=nan' needs a number"),
        ("abs=inf", "'abs=inf' needs a number"),
        ("abs", "'abs' needs a number"),
        ("keys", "'keys' needs columns, as 'keys=first,second'"),
        ("ignore=", "'ignore' needs columns"),
        ("ignore=a,,b", "'ignore' needs columns"),
        ("rel=1 rel=2", "'rel' is written twice"),
        ("ignore='a", "a quote has no end"),
    ],
)
def test_bad_rules(text: str, problem: str):
    """The error has the option, the rule, the problem and examples."""
    with pytest.raises(pytest.UsageError) as caught:
        parse_rule(text, OPTION)

    message = str(caught.value)
    assert message.startswith(f"{OPTION}: '{text}': ")
    assert problem in message
    assert "Write settings such as 'rel=1e-9'" in message


def test_order_of_rules():
    """Rules of the ini file come first, and an error names its ini key."""
    assert [rule.text for rule in read_rules(["rel=1 "], [" abs=1", "abs=2"])] == ["abs=1", "abs=2", "rel=1"]
    with pytest.raises(pytest.UsageError, match=r"^ini key 'dag_against_rules': 'x': "):
        read_rules([], ["x"])


def test_what_a_session_declares_is_sent():
    """A worker of xdist sends it as JSON, and the rules are those of the receiver."""
    rules = read_rules(["orders: rel=1", "abs=2"], [])
    declared = Declared(
        rules=resolved_rules(rules, lambda expression, where: frozenset({f"asset {expression}"})),
        expectations={"t": [Expectation("text", frozenset({"asset a"}), ("fare",), "why", ("shop",))]},
        code={"asset a": {"code": ("shop.py",)}},
        new=frozenset({"asset n"}),
        is_whole=True,
        notes=["a note"],
        unassigned=["'x.csv' changed"],
        problem="none",
    )

    received = Declared.from_json(json.loads(json.dumps(declared.to_json())), rules)

    assert received == declared
    assert [rule.text for rule in received.rules_of("asset orders")] == ["orders: rel=1", "abs=2"]
    assert [rule.text for rule in received.rules_of("asset b")] == ["abs=2"]


def test_the_place_of_an_expression_is_named():
    """An error about an unknown node says which rule has it."""
    places = []
    resolved_rules(
        [parse_rule("orders: rel=1", OPTION)], lambda text, where: places.append(where) or frozenset()
    )

    assert places == ["--dag-against-rule: 'orders: rel=1'"]
