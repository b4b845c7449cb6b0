"""Single edits of a project: each changes the fingerprints of the nodes and tests that it can affect."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagflow.testing import CodeGraph, Fingerprint, fingerprint

FILES = {
    "shop/__init__.py": "from shop.helpers import trimmed as cut\n",
    "shop/rates.py": '''
"""Rates."""
VAT = 20
DUTY = 3
''',
    "shop/helpers.py": '''
"""Helpers."""
from dataclasses import dataclass
from enum import Enum
import functools

SCALE = 2


def clean(text):
    """Clean."""
    return text.strip()


def trimmed(text):
    return text[:SCALE]


class Mill:
    size = 4

    def grind(self):
        return self.size


class Press(Mill):
    def press(self):
        return self.grind()


@dataclass
class Cup:
    volume: int = 25


class Roast(Enum):
    DARK = 1


def twice(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        return fn(*args) * 2

    return wrapper


def scaled(by, n):
    return by * n
''',
    "shop/assets.py": """
from functools import partial

from dagflow import (
    Config, ConfigurableResource, Field, RetryPolicy, StaticPartitionsDefinition, asset, asset_check, job, op,
    success_hook,
)
from shop import cut, helpers
from shop.helpers import Cup, Press, Roast, clean, scaled, twice
from shop.rates import VAT

MARGIN = 5
RULES = {"half": lambda n: n / 2, "all": lambda n: n}
RETRY = RetryPolicy(max_retries=2)
DAYS = StaticPartitionsDefinition(["mon"])
tenfold = partial(scaled, 10)


class Till(ConfigurableResource):
    currency: str = "EUR"

    def total(self):
        return 7


class Sizes(Config):
    cups: int = 3


@success_hook
def ring(context):
    print("done")


@asset
def priced():
    return MARGIN


@asset
def taxed():
    return VAT


@asset
def pressed():
    return Press().press()


@asset
def cleaned():
    return clean(" a ")


@asset
def shortened():
    return cut("beans")


@asset
def poured():
    return Cup().volume


@asset
def roasted():
    return Roast.DARK.value


@asset
@twice
def doubled():
    return 1


@asset
def halved():
    return RULES["half"](4)


@asset
def tens():
    return tenfold(3)


@asset
def nested():
    def inner():
        return 11

    return inner()


@asset(resource_defs={"till": Till()})
def sold(till: Till):
    return till.total()


@asset
def sized(config: Sizes):
    return config.cups


@asset(retry_policy=RETRY, partitions_def=DAYS)
def daily():
    return 1


@op(config_schema={"n": Field(int, default_value=4)})
def counted(context):
    return 1


@op
def rung():
    return 1


@job(hooks={ring})
def work():
    rung()


@asset_check(asset="priced", blocking=True)
def positive(priced):
    return priced > 0


def make(n):
    @asset(name=f"made_{n}")
    def inner():
        return n

    return inner


a = make(3)
b = make(4)
""",
    "test_shop.py": """
from shop import assets, helpers
from shop.assets import priced

FIRST = 6


def beans():
    return FIRST


def test_priced():
    assert priced() == 5


def test_helper():
    assert helpers.clean(" a") == "a"
""",
}
TESTS = {"test_priced": ["test_priced"], "test_helper": ["test_helper"], "test_beans": ["beans"]}

Prints = dict[str, Any]


@pytest.fixture
def prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Prints]:
    """Return the fingerprints of the nodes and tests of the project after an edit of a file."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def make(path: str = "", old: str = "", new: str = "") -> Prints:
        for name in [one for one in sys.modules if one.partition(".")[0] in ("shop", "test_shop")]:
            del sys.modules[name]
        for place, text in FILES.items():
            assert place != path or text.count(old) == 1
            (tmp_path / place).parent.mkdir(exist_ok=True)
            (tmp_path / place).write_text(text.replace(old, new) if place == path else text)
        importlib.invalidate_caches()
        assets, tests = importlib.import_module("shop.assets"), importlib.import_module("test_shop")
        graph = CodeGraph(tmp_path)
        found: Prints = {
            name: fingerprint(value, graph=graph)
            for name, value in vars(assets).items()
            if type(value).__name__.endswith("Definition") and name not in ("DAYS", "ring")
        }
        for name, functions in TESTS.items():
            found[name] = graph.code_of_test(*(getattr(tests, one) for one in functions))
        return found

    return make


EDITS = {
    "module constant": ("shop/assets.py", "MARGIN = 5", "MARGIN = 6", {"priced"}),
    "imported constant": ("shop/rates.py", "VAT = 20", "VAT = 21", {"taxed"}),
    "unused constant": ("shop/rates.py", "DUTY = 3", "DUTY = 4", set()),
    "method of a base class": ("shop/helpers.py", "return self.size", "return self.size + 1", {"pressed"}),
    "attribute of a base class": ("shop/helpers.py", "size = 4", "size = 5", {"pressed"}),
    "method of a class": ("shop/helpers.py", "return self.grind()", "return 1", {"pressed"}),
    "base class": ("shop/helpers.py", "Press(Mill)", "Press", {"pressed"}),
    "helper": ("shop/helpers.py", "text.strip()", "text.lstrip()", {"cleaned", "test_helper"}),
    "constant of a re-exported helper": ("shop/helpers.py", "SCALE = 2", "SCALE = 3", {"shortened"}),
    "re-export": ("shop/__init__.py", "trimmed as cut", "clean as cut", {"shortened"}),
    "closed over by a factory": ("shop/assets.py", "a = make(3)", "a = make(5)", {"a"}),
    "lambda in a dict": ("shop/assets.py", "n / 2", "n // 2", {"halved"}),
    "fixture": ("test_shop.py", "FIRST = 6", "FIRST = 7", {"test_beans"}),
    "body of a test": ("test_shop.py", "priced() == 5", "priced() > 4", {"test_priced"}),
    "body of an asset": ("shop/assets.py", "return MARGIN", "return -MARGIN", {"priced"}),
    "dataclass default": ("shop/helpers.py", "volume: int = 25", "volume: int = 30", {"poured"}),
    "enum value": ("shop/helpers.py", "DARK = 1", "DARK = 2", {"roasted"}),
    "decorator": ("shop/helpers.py", "* 2", "* 3", {"doubled"}),
    "decorator removed": ("shop/assets.py", "@asset\n@twice", "@asset", {"doubled"}),
    "argument of a partial": ("shop/assets.py", "scaled, 10", "scaled, 11", {"tens"}),
    "function of a partial": ("shop/helpers.py", "by * n", "by + n", {"tens"}),
    "nested helper": ("shop/assets.py", "return 11", "return 12", {"nested"}),
    "method of a resource": ("shop/assets.py", "return 7", "return 8", {"sold"}),
    "config of a resource": (
        "shop/assets.py",
        'resource_defs={"till": Till()}',
        'resource_defs={"till": Till(currency="X")}',
        {"sold"},
    ),
    "default of a Config class": ("shop/assets.py", "cups: int = 3", "cups: int = 4", {"sized"}),
    "default of a config field": ("shop/assets.py", "default_value=4", "default_value=5", {"counted"}),
    "policy": ("shop/assets.py", "max_retries=2", "max_retries=3", {"daily"}),
    "partitions": ("shop/assets.py", '["mon"]', '["mon", "tue"]', {"daily"}),
    "hook": ("shop/assets.py", 'print("done")', 'print("well")', {"work"}),
    "check": ("shop/assets.py", "return priced > 0", "return priced > 1", {"positive"}),
    "blocking of a check": ("shop/assets.py", "blocking=True", "blocking=False", {"positive"}),
    "docstring": ("shop/helpers.py", '"""Clean."""', '"""Cleaner."""', set()),
    "docstring of a module": ("shop/rates.py", '"""Rates."""', "# no docstring", set()),
    "unrelated function": (
        "shop/helpers.py",
        "def clean",
        "def unused():\n    return 1\n\n\ndef clean",
        set(),
    ),
    "unrelated import": ("shop/rates.py", "VAT = 20", "import os\nVAT = 20", set()),
    "layout": ("shop/assets.py", "return MARGIN", "return (\n        MARGIN\n    )", set()),
}


@pytest.mark.parametrize(("path", "old", "new", "nodes"), EDITS.values(), ids=EDITS)
def test_an_edit(prints: Callable[..., Prints], path: str, old: str, new: str, nodes: set[str]) -> None:
    """Each edit changes the fingerprints of its nodes and tests and of no others."""
    before, after = prints(), prints(path, old, new)

    assert {name for name in before if before[name] != after[name]} == nodes


def test_statements_of_a_module_count_for_its_importers(prints: Callable[..., Prints]) -> None:
    """A statement without a name changes the facet `module` of all that import the module."""
    before, after = prints(), prints("shop/rates.py", "DUTY = 3", "DUTY = 3\nprint(DUTY)")

    changed = {name for name in before if before[name].module != after[name].module}
    assert changed == before.keys()
    assert all(before[name]._replace(module="") == after[name]._replace(module="") for name in before)


def test_facets_of_edits(prints: Callable[..., Prints]) -> None:
    """An edit changes the facet to which it belongs."""
    rows = {
        "retry": ("daily", "max_retries=2", "max_retries=3"),
        "partitions": ("daily", '["mon"]', '["mon", "tue"]'),
        "hooks": ("work", 'print("done")', 'print("well")'),
        "checks": ("positive", "blocking=True", "blocking=False"),
        "resources": ("sold", '{"till": Till()}', '{"till": Till(currency="X")}'),
        "code": ("priced", "MARGIN = 5", "MARGIN = 6"),
    }
    before = prints()

    for facet, (name, old, new) in rows.items():
        after = prints("shop/assets.py", old, new)[name]
        assert [one for one in Fingerprint._fields if getattr(after, one) != getattr(before[name], one)] == [
            facet
        ]
