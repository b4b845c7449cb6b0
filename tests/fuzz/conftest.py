"""The end of each test of drawn programs: what they leave behind must not warn in a later test."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect coroutines that a program never awaited, without their warnings."""
    gc.freeze()  # the objects of earlier tests: the collection below would take half a second
    yield
    sys.modules.pop("program", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
    gc.unfreeze()
