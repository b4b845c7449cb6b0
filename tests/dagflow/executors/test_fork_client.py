"""Fork servers: one per module, kept as long as runs need them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagflow import build_reconstructable_job
from dagflow.executors import fork_client
from dagflow.executors.fork_client import Channel, ForkServerFailure, open_channel
from dagflow.executors.step_process import ProcessSurroundings

CAFE = "from dagflow import job\n\n@job\ndef cafe():\n    pass\n"


@pytest.fixture(autouse=True)
def _servers_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fork_client, "_servers", {})
    yield
    fork_client.close_servers()


def channel_for(folder: Path, name: str, text: str = CAFE) -> Channel:
    """Open a channel to the server of a module."""
    path = folder / f"{name}.py"
    if not path.exists():
        path.write_text(text, encoding="utf-8")
    pointer = build_reconstructable_job(name, "cafe", reconstructor_working_directory=str(folder))
    return open_channel(pointer.location, [], ProcessSurroundings.of_this_process(), is_forking=True)


def servers() -> list[Any]:
    return list(fork_client._servers.values())  # noqa: SLF001 - tested here


def test_a_module_has_one_server(tmp_path: Path) -> None:
    """Later runs use the same server."""
    first, second = (channel_for(tmp_path, "one_cafe") for _ in range(2))

    assert len(servers()) == 1
    assert servers()[0].channels == {first, second}
    for channel in (first, second):
        channel.close()


def test_only_idle_servers_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many servers: those without a run are ended."""
    monkeypatch.setattr(fork_client, "_MAX_SERVERS", 1)
    needed = channel_for(tmp_path, "needed_cafe")
    idle = channel_for(tmp_path, "idle_cafe")
    own, idle_server = servers()
    idle.close()

    last = channel_for(tmp_path, "last_cafe")

    assert own in servers()
    assert idle_server not in servers()
    assert idle_server.process.returncode is not None
    needed.close()
    last.close()


def test_a_server_that_is_gone_is_replaced(tmp_path: Path) -> None:
    """A run starts another server if the old one has died."""
    channel_for(tmp_path, "gone_cafe").close()
    gone = servers()[0]
    gone.process.kill()
    gone.process.wait()

    channel_for(tmp_path, "gone_cafe").close()

    assert servers() != [gone]
    assert servers()[0].process.poll() is None


def test_an_import_that_fails_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure has the error of the import, and no server remains."""
    closed = "import os\nif 'CLOSED' in os.environ:\n    raise LookupError('closed today')\n"
    pointer_made = channel_for(tmp_path, "closing_cafe", closed + CAFE)
    pointer_made.close()
    fork_client.close_servers()
    monkeypatch.setenv("CLOSED", "1")

    with pytest.raises(ForkServerFailure) as caught:
        channel_for(tmp_path, "closing_cafe")

    assert caught.value.info is not None
    assert "closed today" in caught.value.info.to_string()
    assert servers() == []


def test_a_process_that_ends_while_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure has the exit status of a module that ends its process."""
    ending = "import os\nif 'ENDS' in os.environ:\n    os._exit(4)\n"
    channel_for(tmp_path, "ending_cafe", ending + CAFE).close()
    fork_client.close_servers()
    monkeypatch.setenv("ENDS", "1")

    with pytest.raises(ForkServerFailure, match="status 4"):
        channel_for(tmp_path, "ending_cafe")


def test_close_servers(tmp_path: Path) -> None:
    """It ends all servers, as the end of the process does."""
    channel_for(tmp_path, "last_cafe_of_all").close()
    process = servers()[0].process

    fork_client.close_servers()

    assert process.returncode == 0
    assert servers() == []


def test_a_forked_process_does_not_wait_for_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that held the lock at the fork does not exist there."""
    held = threading.Lock()
    held.acquire()
    monkeypatch.setattr(fork_client, "_servers", {})
    monkeypatch.setattr(fork_client, "_lock", held)

    fork_client._forget_servers()  # noqa: SLF001 - called in a forked process

    assert not fork_client._lock.locked()  # noqa: SLF001
