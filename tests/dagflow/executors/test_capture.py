"""The stdout and stderr of each thread go to its own files."""

from __future__ import annotations

import sys
import threading
from io import StringIO
from pathlib import Path

import pytest

from dagflow.executors.capture import capture_output


def usual_streams(monkeypatch: pytest.MonkeyPatch) -> list[StringIO]:
    """Replace stdout and stderr for this test. Not a fixture, because pytest resets the streams after it."""
    streams = [StringIO(), StringIO()]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    return streams


def test_both_streams_are_captured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in its file, in a folder that is made; before and after it is as usual."""
    usual = usual_streams(monkeypatch)
    paths = tmp_path / "logs" / "step.out", tmp_path / "logs" / "step.err"
    with capture_output(paths):
        sys.stdout.write("to stdout\n")
        sys.stderr.write("to stderr\n")
    sys.stdout.write("after\n")
    sys.stderr.flush()

    assert [path.read_text(encoding="utf-8") for path in paths] == ["to stdout\n", "to stderr\n"]
    assert [stream.getvalue() for stream in usual] == ["after\n", ""]


def test_threads_at_once_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output of each thread goes to its own file."""
    usual_streams(monkeypatch)
    both_there = threading.Barrier(3)

    def write(name: str) -> None:
        with capture_output([tmp_path / f"{name}.out", tmp_path / f"{name}.err"]):
            both_there.wait(timeout=30)
            for number in range(100):
                sys.stdout.write(f"{name} {number}\n")
            both_there.wait(timeout=30)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    both_there.wait(timeout=30)
    sys.stdout.write("of neither\n")
    both_there.wait(timeout=30)
    for thread in threads:
        thread.join()

    for name in ("a", "b"):
        text = (tmp_path / f"{name}.out").read_text(encoding="utf-8")
        assert text == "".join(f"{name} {number}\n" for number in range(100))


def test_who_writes_nothing_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread without output creates no file, even if it flushes."""
    usual_streams(monkeypatch)
    with capture_output([tmp_path / "step.out", tmp_path / "step.err"]):
        sys.stdout.flush()

    assert list(tmp_path.iterdir()) == []


def test_what_was_captured_before_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second attempt appends to the file."""
    usual_streams(monkeypatch)
    paths = tmp_path / "step.out", tmp_path / "step.err"
    for number in (1, 2):
        with capture_output(paths):
            sys.stdout.write(f"attempt {number}")

    assert paths[0].read_text(encoding="utf-8") == "attempt 1attempt 2"


def test_a_flushed_text_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushed output is in the file during the step, even without a newline."""
    usual_streams(monkeypatch)
    paths = tmp_path / "step.out", tmp_path / "step.err"
    with capture_output(paths):
        print("half a line", end="", flush=True)  # noqa: T201 - what user code does

        assert paths[0].read_text(encoding="utf-8") == "half a line"


def test_bytes_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream has the attributes of a stream: a buffer, a file descriptor, an encoding."""
    usual_streams(monkeypatch)
    paths = tmp_path / "step.out", tmp_path / "step.err"
    with capture_output(paths):
        sys.stdout.buffer.write(b"bytes")
        assert sys.stdout.fileno() > 2
        assert sys.stdout.encoding == "utf-8"

    assert paths[0].read_bytes() == b"bytes"
