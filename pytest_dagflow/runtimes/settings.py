"""The values of `--dag-runtime-report`, checked before the session starts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_dagflow.paths import check_distinct, report_path
from pytest_dagflow.runtime import REPORT_OPTION
from pytest_dagflow.session import session_of

_TERM, _JSON = "term", "json"


class Settings(NamedTuple):
    """The reports of a session.

    Attributes:
        prints_names: Whether to print the names that the tests used and that dagflow does not have.
        files: The files for the JSON document.
    """

    prints_names: bool
    files: tuple[Path, ...]


def settings_of(config: pytest.Config) -> Settings:
    """Return the reports that the options of a session name.

    Raises:
        pytest.UsageError: A value is not `term` or `json:PATH`, or the file cannot be written.
    """
    prints_names, files = False, []
    for text in session_of(config).options.runtime_reports:
        form, colon, path = text.partition(":")
        if text == _TERM:
            prints_names = True
        elif form == _JSON and colon and path.strip():
            files.append(report_path(path, config.invocation_params.dir, f"{REPORT_OPTION}={_JSON}:"))
        else:
            raise pytest.UsageError(
                f"{REPORT_OPTION}: '{text}' is unknown. Write {REPORT_OPTION}={_TERM} or "
                f"{REPORT_OPTION}={_JSON}:PATH."
            )
    check_distinct(files, REPORT_OPTION)
    return Settings(prints_names, tuple(files))
