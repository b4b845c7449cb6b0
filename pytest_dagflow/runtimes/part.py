"""The hooks of the second session of `--dag-runtime=both`: it sends its outcomes to the first session.

`plugin.py` registers this module as a plugin in that process. It has the arguments of the first session.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from time import perf_counter
from typing import Any

import pytest

from pytest_dagflow.outcomes import INTERRUPTED
from pytest_dagflow.runtime import library_of, started_runtime
from pytest_dagflow.runtimes.outcomes import Side, recorder_of
from pytest_dagflow.session import session_of


def pytest_configure(config: pytest.Config) -> None:
    """Send the version and the time of the import, and record the outcomes of all tests."""
    if hasattr(config, "workerinput"):  # the controller of xdist receives all outcomes
        return
    started = started_runtime(config)
    version = library_of(config).__version__
    _send(config, {"kind": "started", "version": version, "import_seconds": started.import_seconds})
    side = Side(started.name)
    recorder = recorder_of(side, config, lambda message: _send(config, message))
    config.pluginmanager.register(recorder, "dagflow-second-outcomes")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Send the time of the session, and the reason if not all tests ran."""
    stopped = INTERRUPTED
    is_controller = not hasattr(session.config, "workerinput")
    if is_controller:
        _send(session.config, {"kind": "collected", "is_collected": True})
    try:
        result = yield
        stopped = ""
    except (session.Interrupted, session.Failed) as error:
        stopped = str(error)
        raise
    finally:
        if is_controller:
            seconds = perf_counter() - started_runtime(session.config).since
            _send(session.config, {"kind": "ended", "session_seconds": seconds, "stopped": stopped})
    return result


def _send(config: pytest.Config, message: Mapping[str, Any]) -> None:
    part = session_of(config).options.runtime_part
    assert part is not None
    with part.open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(message)}\n")
