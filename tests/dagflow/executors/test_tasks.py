"""Functions that the executors with workers share."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from dagflow.engine.workers import TagLimit
from dagflow.errors import DagflowUnmetExecutorRequirementsError
from dagflow.executors.tasks import last_lines, pickled_spec, tag_limits


def test_limits_of_tags_are_read_from_config() -> None:
    """A limit is for any value, for one value, or for each value."""
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


def test_a_spec_is_pickled() -> None:
    """It is the same after pickle."""
    assert pickle.loads(pickled_spec({"n": 1}, "the run")) == {"n": 1}


def test_a_spec_that_cannot_be_pickled() -> None:
    """The message names the step, the reason and a remedy."""
    with pytest.raises(DagflowUnmetExecutorRequirementsError) as caught:
        pickled_spec(lambda: 1, "step 'brew'")

    message = str(caught.value)
    assert "step 'brew' cannot be sent to another process" in message
    assert "top of a module" in message


def test_the_last_lines_of_files(tmp_path: Path) -> None:
    """They are those of each file that exists and is not empty, with invalid bytes replaced."""
    out, err, empty = tmp_path / "out", tmp_path / "err", tmp_path / "empty"
    out.write_bytes(b"early\n" * 2_000 + b"late\n")
    err.write_bytes(b"\xff broken\n\n")
    empty.touch()

    lines = last_lines([out, tmp_path / "absent", empty, err]).splitlines()

    assert lines[-2:] == ["late", "\ufffd broken"]
    assert 100 < len(lines) < 1_000


class Shy:
    """A value that refuses to be pickled."""

    def __reduce__(self) -> Any:
        raise ValueError("not me")


def test_any_error_of_pickle() -> None:
    """The error names the value, the reason and a remedy, even if `__reduce__` raises."""
    with pytest.raises(DagflowUnmetExecutorRequirementsError, match=r"step 'brew'.*not me.*in-process"):
        pickled_spec(Shy(), "step 'brew'")
