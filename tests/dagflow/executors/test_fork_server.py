"""The fork server without a run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from dagflow.executors.fork_client import ForkServer
from dagflow.executors.fork_server import NOT_FORKED, START, ServerSpec
from dagflow.executors.import_watch import ImportWait
from dagflow.executors.step_process import ProcessSurroundings
from dagflow.executors.wire import receive


def test_answers_are_buffered() -> None:
    """The server never waits for a run that sends many requests before it reads an answer."""
    spec = ServerSpec(None, [], ProcessSurroundings.of_this_process(), is_forking=False)
    server = ForkServer(spec, ImportWait("nothing", str, None))
    channel = server.open_channel()
    connection = channel.reader.connection
    connection.settimeout(30)
    names = [f"step {number}" for number in range(2_000)]
    try:
        for name in names:
            connection.sendall(json.dumps([START, name]).encode() + b"\n")
        answers = [json.loads(receive(connection)) for _ in names]
    finally:
        channel.close()
        server.close()

    assert [(answer, name) for answer, name, _ in answers] == [(NOT_FORKED, name) for name in names]
    assert "no file descriptor" in answers[0][2]


def test_an_import_that_hangs_ends_with_the_parent(tmp_path: Path) -> None:
    """The server ends with the process that started it, even during an import."""
    (tmp_path / "hanging_zz.py").write_text(
        "import os, signal\nprint(os.getpid(), flush=True)\nsignal.pause()\n"
    )
    code = (
        "from dagflow.executors.fork_client import ForkServer; "
        "from dagflow.executors.fork_server import ServerSpec; "
        "from dagflow.executors.import_watch import ImportWait; "
        "from dagflow.executors.step_process import ProcessSurroundings; import sys; "
        f"sys.path.insert(0, {str(tmp_path)!r}); "
        "spec = ServerSpec(None, ['hanging_zz'], ProcessSurroundings.of_this_process(), False)\n"
        "ForkServer(spec, ImportWait('hanging_zz', str, None))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        parent.kill()
        rest = parent.stdout.read()  # until all processes with the other end have ended

    assert server
    assert rest == ""


def test_an_interpreter_has_the_flags_of_this_one() -> None:
    """If this interpreter runs without assertions, so does the new one."""
    code = "from dagflow.executors.fork_server import command; print(command(['here'], 'pass'))"
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, check=True)

    assert "'-O'" in done.stdout


def test_it_leaves_nothing_open() -> None:
    """Python's development mode does not warn about an open socket or file."""
    code = (
        "from dagflow.executors.fork_client import ForkServer; "
        "from dagflow.executors.fork_server import ServerSpec; "
        "from dagflow.executors.import_watch import ImportWait; "
        "from dagflow.executors.step_process import ProcessSurroundings; "
        "spec = ServerSpec(None, [], ProcessSurroundings.of_this_process(), False)\n"
        "ForkServer(spec, ImportWait('nothing', str, None)).close()"
    )
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True)

    assert "ResourceWarning" not in done.stderr
    assert done.returncode == 0
