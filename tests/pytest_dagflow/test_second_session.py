"""Tests of the second session that several options start."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_dagflow.second_session import arguments_of_second


@pytest.mark.parametrize(
    ("plugins", "seed", "arguments"),
    [
        ((), None, []),
        ((), "last", []),
        ((), 7, ["--randomly-seed=7"]),
        (("_cov",), None, ["--no-cov", "-W", "ignore:Coverage disabled via --no-cov"]),
    ],
)
def test_arguments(plugins: tuple[str, ...], seed: object, arguments: list[str]):
    """It has the order of the first session, and measures no coverage of its own."""
    config: Any = SimpleNamespace(
        pluginmanager=SimpleNamespace(hasplugin=plugins.__contains__),
        option=SimpleNamespace(randomly_seed=seed),
    )

    assert arguments_of_second(config) == arguments
