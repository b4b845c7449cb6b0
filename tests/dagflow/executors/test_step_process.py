"""The process of a step."""

from __future__ import annotations

import os
import sys
from typing import Any

from dagflow.executors import step_process
from dagflow.executors.step_process import ProcessSpec, ProcessSurroundings


def test_a_missing_directory() -> None:
    """An error before the step begins is sent too."""
    sent: list[Any] = []
    surroundings = ProcessSurroundings(sys.path, "/not/there", os.environ)
    spec = ProcessSpec(surroundings, None, b"", b"", "", "")
    step_process._run(spec, lambda *message: sent.append(message))  # noqa: SLF001 - `run_step_process` never returns

    ((message_type, info),) = sent
    assert message_type == "error"
    assert "/not/there" in str(info)
