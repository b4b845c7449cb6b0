"""Tests of values that misbehave on their way between processes: the run ends as it does in one process."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law import examples
from misbehaving import VALUES

from dagflow import execute_job, reconstructable
from dagflow.testing import canonical_events, instance_for_test

SOURCE = """
from law import examples
from misbehaving import *

@dg.op
def brew():
    return {v}

@dg.op
def drink(x: {t}):
    return 1

@dg.job(executor_def=dg.in_process_executor)
def one_process():
    drink(brew())

@dg.job(executor_def=dg.multiprocess_executor)
def processes():
    drink(brew())
"""
numbers = itertools.count()


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Provide a folder for modules that child processes import."""
    folder = tmp_path_factory.mktemp("modules")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield folder


@given(value=st.sampled_from(VALUES), kind=st.sampled_from(["object", "int", "dict[str, int]"]))
@examples(3)
def test_processes(folder: Path, value: str, kind: str) -> None:
    """A value that misbehaves has the same events with a process for each step as in one process."""
    name = f"drawn_{next(numbers)}"
    source = SOURCE.replace("{v}", value).replace("{t}", kind)
    (folder / f"{name}.py").write_text(source)
    importlib.invalidate_caches()
    module = importlib.import_module(name)

    with instance_for_test() as instance:
        expected, found = (
            canonical_events(execute_job(reconstructable(job), instance).all_events)
            for job in (module.one_process, module.processes)
        )

    assert found == expected, source
