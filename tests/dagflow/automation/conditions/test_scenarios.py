"""Tests of evaluations in a row: the requests of each history are those of `scenarios.md`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from histories import World

import dagflow

PAGE = Path(__file__).with_name("scenarios.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if re.match(r"\| \d", line)
]


@pytest.mark.parametrize("is_stored", [False, True], ids=["kept", "stored"])
@pytest.mark.parametrize(
    ("definitions", "history", "requested"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_the_requests_of_a_history(definitions, history, requested, is_stored):
    """Each history makes the requests of its row, also if each cursor is stored between evaluations."""
    assert World(dagflow, definitions, is_stored=is_stored).run(history) == requested
