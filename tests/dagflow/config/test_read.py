"""Reading of config against its schema, with an error for mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import EnvVar, Field, IntSource
from dagflow.config.field import resolve_field
from dagflow.config.mapping import Mapped, MappingMessages
from dagflow.config.read import check_config, read_config
from dagflow.errors import DagflowInvalidConfigError

BAR = resolve_field({"cups": IntSource, "name": Field(str, default_value="bar")})
UNSET_CUPS = {"cups": {"env": "CUPS"}}


def _raising(value: Any) -> Any:
    raise ValueError(value)


def test_a_value_with_its_defaults() -> None:
    """Variables come from the given environment only; without a schema any value is valid."""
    assert read_config(BAR, UNSET_CUPS, "Error", {"CUPS": "3"}) == {"cups": 3, "name": "bar"}
    assert read_config(None, {"any": 1}, "Error", {}) == {"any": 1}


def test_a_mistake_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error begins with the preamble, keeps the value, and has paths from `root:config`."""
    monkeypatch.setenv("CUPS", "3")
    with pytest.raises(
        DagflowInvalidConfigError, match=r"(?s)^Error in config for bar\n.*root:config:cups"
    ) as raised:
        read_config(BAR, UNSET_CUPS, "Error in config for bar", {})

    assert (len(raised.value.errors), raised.value.config_value) == (1, UNSET_CUPS)
    with pytest.raises(DagflowInvalidConfigError, match="at the root"):
        read_config(BAR, {}, "Error", {}, path=())


def test_a_check_before_the_run() -> None:
    """Variables are not looked up and mappings are not called; other mistakes are errors as in a run."""
    check_config(BAR, UNSET_CUPS, "Error")
    check_config(None, 5, "Error")
    mapped = Field(Mapped(BAR, _raising, BAR, MappingMessages("here", "Error")))
    check_config(mapped, UNSET_CUPS, "Error")
    for schema in (BAR, mapped):
        with pytest.raises(DagflowInvalidConfigError, match=r"^Error in the check\n"):
            check_config(schema, {"cups": "x"}, "Error in the check")
    with pytest.raises(DagflowInvalidConfigError, match=r"EnvVar\("):
        check_config(BAR, {"cups": EnvVar.int("CUPS")}, "Error")
