"""Benchmarks of fingerprints: 5,000 assets in 500 modules that use each other.

The garbage collector is paused, as it is during a selection.
"""

from __future__ import annotations

import importlib
import json
import random
import sys
from typing import TYPE_CHECKING, Any

import pytest

from dagflow.analysis.code.modules import PARSED
from dagflow.testing import CodeGraph, fingerprint
from pytest_dagflow.selecting.collector import paused_collector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODULES, ASSETS = 500, 10


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draw_module: Callable[..., str]) -> list[Any]:
    """Return the assets of a drawn project under the temporary folder."""
    pick = random.Random(1)
    (tmp_path / "proj").mkdir()
    (tmp_path / "proj/__init__.py").write_text("")
    for number in range(MODULES):
        (tmp_path / f"proj/m{number}.py").write_text(draw_module(number, pick, ASSETS))
    monkeypatch.syspath_prepend(tmp_path)
    for name in [one for one in sys.modules if one.partition(".")[0] == "proj"]:
        del sys.modules[name]
    modules = [importlib.import_module(f"proj.m{number}") for number in range(MODULES)]
    return [
        getattr(module, f"a{number}_{index}")
        for number, module in enumerate(modules)
        for index in range(ASSETS)
    ]


def _fingerprints(folder: Path, assets: list[Any], cache: dict[str, Any]) -> int:
    with paused_collector():
        graph = CodeGraph(folder, cache)
        return len({fingerprint(one, graph=graph) for one in assets})


def test_cold(measure: Callable[..., Any], tmp_path: Path, assets: list[Any]) -> None:
    """Measure all fingerprints without a cache."""

    def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
        PARSED.clear()
        return (tmp_path, assets, {}), {}

    assert measure("fingerprints_cold", "dagflow", _fingerprints, rounds=3, setup=setup) == MODULES * ASSETS


def test_warm(measure: Callable[..., Any], tmp_path: Path, assets: list[Any]) -> None:
    """Measure all fingerprints with the modules of an earlier process in the cache."""
    cache: dict[str, Any] = {}
    _fingerprints(tmp_path, assets, cache)
    stored = json.dumps(cache)

    def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
        PARSED.clear()
        return (tmp_path, assets, json.loads(stored)), {}

    assert measure("fingerprints", "dagflow", _fingerprints, rounds=3, setup=setup) == MODULES * ASSETS
