"""The process of a step."""

from __future__ import annotations

import os
import sys
from typing import Any

from dagflow.executors import step_process
from dagflow.executors.step_process import Orders


def test_a_place_that_is_not_there() -> None:
    """What goes wrong before the step begins is said too."""
    said: list[Any] = []
    orders = Orders(sys.path, "/not/there", os.environ, None, (b"", b""), "", "")
    step_process._obey(orders, lambda *message: said.append(message))  # noqa: SLF001 - it never returns else

    ((kind, info),) = said
    assert kind == "broken"
    assert "/not/there" in str(info)
