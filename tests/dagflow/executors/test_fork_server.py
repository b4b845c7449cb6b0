"""The fork server, spoken to directly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from dagflow.executors.fork_client import ForkServer
from dagflow.executors.wire import receive

PLACE = (list(sys.path), os.getcwd(), dict(os.environ))


def test_it_does_not_wait_for_who_does_not_read() -> None:
    """Who asks for much before reading any answer is answered all the same."""
    server = ForkServer(None, [], PLACE, forks=False)
    channel = server.open_channel()
    connection = channel.incoming.connection
    connection.settimeout(30)
    asked = [f"step {number}" for number in range(2_000)]
    try:
        for name in asked:
            connection.sendall(json.dumps(["start", name]).encode() + b"\n")
        answers = [json.loads(receive(connection)) for _ in asked]
    finally:
        channel.close()
        server.close()

    assert [(kind, name) for kind, name, _ in answers] == [("none", name) for name in asked]
    assert "no file descriptor" in answers[0][2]


def test_an_import_that_hangs_ends_with_who_asked_for_it(tmp_path: Path) -> None:
    """Nothing outlives the process that started the server, also while the server imports."""
    (tmp_path / "hanging_zz.py").write_text(
        "import os, signal\nprint(os.getpid(), flush=True)\nsignal.pause()\n"
    )
    code = (
        "from dagflow.executors.fork_client import ForkServer; import os, sys; "
        f"place = ([{str(tmp_path)!r}, *sys.path], os.getcwd(), dict(os.environ)); "
        "ForkServer(None, ['hanging_zz'], place, forks=False)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        parent.kill()
        rest = parent.stdout.read()  # until nobody has the other end any more

    assert server
    assert rest == ""


def test_an_interpreter_has_the_flags_of_this_one() -> None:
    """Assertions that are off here are off there."""
    code = "from dagflow.executors.fork_server import command; print(command(['here'], 'pass'))"
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, check=True)

    assert "'-O'" in done.stdout


def test_it_leaves_nothing_open() -> None:
    """With Python's development mode, nothing is said of what was left open."""
    code = (
        "from dagflow.executors.fork_client import ForkServer; import os, sys; "
        "ForkServer(None, [], (sys.path, os.getcwd(), dict(os.environ)), forks=False).close()"
    )
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True)

    assert "ResourceWarning" not in done.stderr
    assert done.returncode == 0
