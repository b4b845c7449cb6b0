"""The blocks of a module: which syntax counts, and what it refers to."""

from __future__ import annotations

import json

import pytest

from dagflow.analysis.code.blocks import ParsedModule, parse_module

SOURCE = '''
"""Docstring."""
import os
from shop.helpers import clean as tidy

RATE = 3
REGISTRY = {}


def register(fn):
    REGISTRY[fn.__name__] = fn
    return fn


@register
def price(n, rate=RATE):
    """Docstring."""
    from shop import rates

    return tidy(n) * rates.VAT  # a comment


class Till:
    size = 2

    def total(self):
        return self.size


if os.name:
    print("hello")
'''


def test_a_parsed_module_survives_json() -> None:
    """The cache of a session holds modules as JSON."""
    parsed = parse_module(SOURCE)

    assert ParsedModule.from_json(json.loads(json.dumps(parsed.to_json()))) == parsed


def test_the_blocks_of_a_module() -> None:
    """Functions, classes and names are blocks, and other statements are the block without a name."""
    parsed = parse_module(SOURCE)

    assert sorted(parsed.blocks) == ["", "REGISTRY", "RATE", "Till", "price", "register"][:1] + sorted(
        ["REGISTRY", "RATE", "Till", "price", "register"]
    )
    assert [parsed.block_at(line) for line in (2, 6, 11, 15, 18, 26, 31)] == [
        "",
        "RATE",
        "register",
        "price",
        "price",
        "Till",
        "",
    ]


def test_references_are_resolved_by_scope() -> None:
    """Local names are no references, local imports are followed, and a name refers to what changes it."""
    blocks = parse_module(SOURCE).blocks

    assert set(blocks["price"].references) >= {"tidy", "@0:shop:rates.VAT", "RATE"}
    assert not {"n", "rate", "rates"} & set(blocks["price"].references)
    assert blocks["REGISTRY"].references == ("price", "register")


@pytest.mark.parametrize(
    ("code", "reference"),
    [
        ("getattr(helpers, 'rate')", "helpers.rate"),
        ("getattr(helpers, name)", "helpers"),
        ("globals()[name]", "globals"),
        ("importlib.import_module('shop.x')", "@0:shop.x:"),
        ("importlib.import_module(f'shop.{name}')", "**shop."),
        ("importlib.import_module(name)", "**"),
        ("__import__('shop')", "@0:shop:"),
        ("sys.modules['shop.x']", "@0:shop.x:"),
        ("sys.modules[__name__]", "*"),
        ("[clean(n) for n in rows]", "clean"),
        ("lambda n: clean(n)", "clean"),
        ("f'{clean}'", "clean"),
    ],
)
def test_code_that_looks_up_names(code: str, reference: str) -> None:
    """A look-up by a literal is one reference, and any other look-up is wider."""
    assert reference in parse_module(f"def work(name, rows):\n    return {code}\n").blocks["work"].references


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3", "4"),
        ("RATE = 3", "RATE: int = 3"),
        ("RATE = 3", "RATE = 3\nRATE += 1"),
        ("RATE = 3", "if X:\n    RATE = 3"),
        ("RATE = 3", "with X:\n    RATE = 3"),
        ("RATE = 3", "for RATE in X:\n    pass"),
        ("RATE = 3", "try:\n    RATE = 3\nexcept E:\n    pass"),
        ("RATE = 3", "RATE, X = 3"),
        ("RATE = 3", "RATE = 3\ndef RATE(): ..."),
    ],
)
def test_each_statement_that_binds_a_name_counts(old: str, new: str) -> None:
    """The block of a name holds all statements that bind it."""
    assert (
        parse_module("RATE = 3").blocks["RATE"] != parse_module("RATE = 3".replace(old, new)).blocks["RATE"]
    )


def test_the_order_of_the_statements_of_a_name_counts() -> None:
    """A name that is bound twice has another value between its statements."""
    one = parse_module("A = 1\nB = A\nA = 2\n").blocks["A"]
    other = parse_module("A = 1\nA = 2\nB = A\n").blocks["A"]

    assert one.digest != other.digest


def test_the_main_part_of_a_script_is_no_statement_of_the_module() -> None:
    """`if __name__ == "__main__":` does not run at import."""
    assert "" not in parse_module('def f(): ...\nif __name__ == "__main__":\n    f()\n').blocks


def test_literals_that_may_be_paths() -> None:
    """Literals and the parts of a joined path are kept."""
    block = parse_module('def f():\n    return ROOT / "data" / "a.csv", "no path"\n').blocks["f"]

    assert block.literals == ("./data", "a.csv", "data/a.csv")


def test_statements_that_share_a_line():
    """A line of two statements of one length belongs to the block that comes first."""
    parsed = parse_module("a = [\n1]; b = [\n2]\nc, d = 1, 2\n")

    assert [parsed.block_at(line) for line in (1, 2, 3, 4, 5)] == ["a", "a", "b", "c", ""]


def test_names_between_two_bindings_of_a_name():
    """The digest of a name depends on the names that are bound between its statements."""
    first, second = (
        parse_module(f"rate = 1\n{name} = 2\nrate += 1\n").blocks["rate"].digest for name in ("a", "b")
    )

    assert first != second
