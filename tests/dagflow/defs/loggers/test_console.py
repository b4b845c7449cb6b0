"""The lines of the console loggers."""

from __future__ import annotations

import json
import re
import sys

import pytest

from dagflow import build_init_logger_context, colored_console_logger, json_console_logger


class _Terminal:
    """Standard error as a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def isatty(self) -> bool:
        return True


def test_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A line has time with zone, name, level and message; lower levels are left out."""
    log = colored_console_logger(build_init_logger_context({"log_level": "info", "name": "shop"}))
    log.debug("unheard")
    log.warning("hot")

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} - shop - WARNING - hot\n", capsys.readouterr().err
    )


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colors(no_color: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a line has the color of its level, unless NO_COLOR is set."""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    log = colored_console_logger(build_init_logger_context())
    log.error("hot")
    log.log(25, "between")

    first, second = terminal.text.splitlines()
    assert first.startswith("\033[31m") is not bool(no_color)
    assert first.endswith("\033[0m") is not bool(no_color)
    assert "\033" not in second


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """It has every attribute of the record; other values become strings, an error its traceback."""
    log = json_console_logger(build_init_logger_context())
    try:
        raise ValueError("cold")
    except ValueError:
        log.exception("%s cup", "one", extra={"cup": ValueError})

    line = json.loads(capsys.readouterr().err)
    assert (line["message"], line["levelname"], line["name"]) == ("one cup", "ERROR", "dagflow")
    assert line["exc_info"].endswith("ValueError: cold")
    assert line["cup"] == "<class 'ValueError'>"


def test_a_stream_that_cannot_be_written_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write error does not fail the run, as with every handler of Python."""
    monkeypatch.setattr("logging.raiseExceptions", False)
    monkeypatch.setattr(sys, "stderr", None)
    colored_console_logger(build_init_logger_context()).error("lost")
