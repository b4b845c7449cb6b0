"""`check_executors_agree` finds nodes that need the process of another node."""

from __future__ import annotations

import importlib
import textwrap
from pathlib import Path

import pytest

import dagflow as dg
from pytest_dagflow.strategies import build_job, check_executors_agree

SHOP = """
from dagflow import job, op

SEEN = []

@op
def fill():
    SEEN.append(1)
    return 1

@op
def count(number):
    return number + len(SEEN)

@job
def shop():
    count(fill())
"""


@pytest.mark.not_in_wasm("it starts processes")
def test_a_global_of_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that reads a global of another one has another value in a process of its own."""
    tmp_path.joinpath("shop_of_globals.py").write_text(textwrap.dedent(SHOP), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    shop = importlib.import_module("shop_of_globals").shop

    with pytest.raises(AssertionError) as caught:
        check_executors_agree(shop)

    lines = str(caught.value).splitlines()
    assert lines[0].startswith("the executors differ: with 'multiprocess' the value of 'count' is ")
    assert lines[-1] == "repeat it with: check_executors_agree(shop, ['in_process', 'multiprocess'])"


@pytest.mark.not_in_wasm("it starts processes")
def test_a_drawn_job() -> None:
    """A job of texts runs in other processes: dynamic, with a graph and a skipped step."""
    check_executors_agree(
        build_job(
            "a -> dynamic x 2", "b(each a.x)", "c(collect b)", ["g(c)", "h(c)"], "i -> missing x", "j(i.x)"
        )
    )


def test_bad_arguments() -> None:
    """It compares two or more known executors and a job."""
    job = build_job("a")

    with pytest.raises(dg.ParameterCheckError, match="'threads' is not an executor"):
        check_executors_agree(job, ["in_process", "threads"])
    with pytest.raises(dg.ParameterCheckError, match="at least two executors"):
        check_executors_agree(job, ["in_process"])
    with pytest.raises(dg.ParameterCheckError, match="'job' must be a job, not 3"):
        check_executors_agree(3)
