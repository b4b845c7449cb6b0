"""The owners of jobs and assets."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import AssetSpec, asset, job
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError


@pytest.mark.parametrize(
    ("owners", "error", "message"),
    [
        ("ann@cafe.org", ParameterCheckError, "'owners' of {place} must be a list of strings"),
        ([3], ParameterCheckError, "owners"),
        (["team:"], DagflowInvalidDefinitionError, "'team:' of {place}: Team name cannot be empty"),
        (
            ["ann"],
            DagflowInvalidDefinitionError,
            "'ann' of {place}: Owner must be an email address or a team",
        ),
        (["ann@cafe"], DagflowInvalidDefinitionError, "Owner must be an email address"),
        (["an n@cafe.org"], DagflowInvalidDefinitionError, "Owner must be an email address"),
        (["ann@@cafe.org"], DagflowInvalidDefinitionError, "Owner must be an email address"),
    ],
)
def test_what_is_no_owner(owners: Any, error: type[Exception], message: str) -> None:
    """Invalid owners raise for jobs, assets and specs."""

    def brew() -> None: ...

    with pytest.raises(error, match=message.format(place="job 'brew'")):
        job(owners=owners)(brew)
    for make in (lambda: asset(owners=owners)(brew), lambda: AssetSpec("brew", owners=owners)):
        with pytest.raises(error, match=message.format(place="asset 'brew'")):
            make()


def test_owners_are_kept() -> None:
    """Email addresses and teams keep their order; the default is an empty list."""

    def brew() -> None: ...

    given = ["ann@cafe.org", "team:roasters"]

    assert job(owners=given)(brew).owners == AssetSpec("brew", owners=tuple(given)).owners == given
    assert AssetSpec("brew").owners == []
