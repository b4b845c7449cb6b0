"""Resources that need other resources."""

from __future__ import annotations

import pytest

from dagflow import ResourceDefinition
from dagflow.defs.resources.needs import check_needs
from dagflow.errors import DagflowInvalidDefinitionError, DagflowInvariantViolationError


def _resource(*keys: str) -> ResourceDefinition:
    return ResourceDefinition(lambda context: None, required_resource_keys=set(keys))


def test_every_resource_finds_what_it_needs() -> None:
    """Only the given resources are checked; the resources that they need may be any known ones."""
    known = {"mill": _resource("motor"), "motor": _resource(), "lost": _resource("nothing")}

    check_needs({"mill": known["mill"]}, known, "the shop")
    message = "resource with key 'nothing' required by resource with key 'lost' was not provided"
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        check_needs(known, known, "the shop")
    with pytest.raises(DagflowInvariantViolationError, match="'a' -> 'b' -> 'a'"):
        check_needs({"b": _resource("a")}, {"a": _resource("b"), "b": _resource("a")}, "the shop")
