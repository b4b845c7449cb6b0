"""What the executors with workers share at the parent's side."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from dagflow.engine.worker_loop import TagLimit
from dagflow.errors import DagflowUnmetExecutorRequirementsError
from dagflow.executors.tasks import last_lines, pickled, tag_limits


def test_limits_of_tags_are_read_from_config() -> None:
    """For any value, for one, and for each."""
    config = [
        {"key": "database", "limit": 1},
        {"key": "database", "value": "tiny", "limit": 2},
        {"key": "database", "value": {"applyLimitPerUniqueValue": True}, "limit": 3},
        {"key": "database", "value": {"applyLimitPerUniqueValue": False}, "limit": 4},
    ]

    assert tag_limits(config) == [
        TagLimit("database", None, False, 1),
        TagLimit("database", "tiny", False, 2),
        TagLimit("database", None, True, 3),
        TagLimit("database", None, False, 4),
    ]


def test_what_is_told_is_pickled() -> None:
    """As it is."""
    assert pickle.loads(pickled({"n": 1}, "the run")) == {"n": 1}


def test_what_cannot_travel_is_named() -> None:
    """The message says what was to be told, why it cannot be, and what to do."""
    with pytest.raises(DagflowUnmetExecutorRequirementsError) as caught:
        pickled(lambda: 1, "step 'brew'")

    message = str(caught.value)
    assert "what step 'brew' is told cannot be sent to another process" in message
    assert "top of a module" in message


def test_the_last_lines_of_files(tmp_path: Path) -> None:
    """The end of each that is there and not empty, as text whatever its bytes are."""
    out, err, empty = tmp_path / "out", tmp_path / "err", tmp_path / "empty"
    out.write_bytes(b"early\n" * 2_000 + b"late\n")
    err.write_bytes(b"\xff broken\n\n")
    empty.touch()

    lines = last_lines([out, tmp_path / "absent", empty, err]).splitlines()

    assert lines[-2:] == ["late", "\ufffd broken"]
    assert 100 < len(lines) < 1_000


class Shy:
    """Something that does not want to be pickled."""

    def __reduce__(self) -> Any:
        raise ValueError("not me")


def test_whatever_keeps_a_value_from_travelling() -> None:
    """The error says which value, why, and what to do, also where user code refuses."""
    with pytest.raises(DagflowUnmetExecutorRequirementsError, match=r"step 'brew'.*not me.*in-process"):
        pickled(Shy(), "step 'brew'")
