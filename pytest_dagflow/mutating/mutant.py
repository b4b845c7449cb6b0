"""The hooks of a pytest process that runs one mutant for another session of `--dag-mutate`.

`plugin.py` registers this module in sessions with `--dag-mutant`, which only `processes.run_new` starts.
"""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from pytest_dagflow.mutating.running import run_tests
from pytest_dagflow.selecting.linking import link_tests
from pytest_dagflow.selecting.record import read_whole_record
from pytest_dagflow.session import session_of


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Run the tests of the task with its mutation, write the result, and end the process.

    The process ends here, so that nothing of a mutant gets into caches, records and reports of the project.

    Raises:
        pytest.UsageError: A test of the task was not collected.
    """
    config = session.config
    file = session_of(config).options.mutant
    assert file is not None
    found = json.loads(file.read_text(encoding="utf-8"))
    task = found["task"]
    items = {item.nodeid: item for item in session.items}
    absent = [test_id for test_id in task["tests"] if test_id not in items]
    if absent:
        raise pytest.UsageError(f"{absent[0]} is collected in some sessions only: its id must not change")
    tests = [items[test_id] for test_id in task["tests"]]
    block = nullcontext()
    if task["mutation"] is not None:
        from dagflow.testing import Mutation, mutated

        graph = link_tests(config, session.items, read_whole_record(config).record).project.graph
        fields = task["mutation"]
        mutation = Mutation(**{**fields, "nodes": tuple(fields["nodes"])})
        block = mutated(mutation, graph)  # type: ignore[assignment]
    result = Path(found["result"])
    result.touch()  # from here on, the end of this process is the effect of the mutation
    with block:
        outcomes = run_tests(session, tests, stops=task["stops"])
    result.write_text(json.dumps(outcomes), encoding="utf-8")
    os._exit(0)
