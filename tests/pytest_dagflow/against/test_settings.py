"""Tests of the options of a comparison."""

from __future__ import annotations

import pytest

from pytest_dagflow.against.settings import settings_of


def test_defaults_and_values(pytester: pytest.Pytester):
    """Reports are relative to the current folder, and one in a file alone leaves the terminal out."""
    settings = settings_of(pytester.parseconfigure("--dag-against=main"))
    assert (settings.reference, settings.fails, settings.repeats) == ("main", "unexpected", 1)
    assert (settings.rules, settings.is_shown, settings.files) == ((), True, ())

    pytester.makeini("[pytest]\ndag_against_rules =\n    rel=1\n    abs=2\n")
    settings = settings_of(
        pytester.parseconfigure(
            "--dag-against=HEAD~1",
            "--dag-against-fail=never",
            "--dag-against-repeat=3",
            "--dag-against-rule=keys=id",
            "--dag-against-report=json:out/x.json",
            "--dag-against-report=markdown",
        )
    )
    assert (settings.reference, settings.fails, settings.repeats) == ("HEAD~1", "never", 3)
    assert [rule.text for rule in settings.rules] == ["rel=1", "abs=2", "keys=id"]
    assert not settings.is_shown
    assert settings.files == (
        ("json", pytester.path / "out" / "x.json"),
        ("markdown", pytester.path / "dag-against.md"),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dag-against-report=jsn"], "'jsn' is no format. Did you mean 'json'? Write"),
        (["--dag-against-report=term:x"], "'term' prints to the terminal"),
        (["--dag-against-report=json:"], "--dag-against-report=json:"),
        (["--dag-against-report=json:a", "--dag-against-report=html:./a"], "--dag-against-report"),
        (["--dag-against-fail=alwayss"], "--dag-against-fail: 'alwayss' is unknown."),
        (["--dag-against-repeat="], "--dag-against-repeat: '' is no number from 0 to 100"),
    ],
)
def test_errors(pytester: pytest.Pytester, arguments: list[str], message: str):
    """Each names the option, the value and what to write, before any test runs."""
    with pytest.raises(pytest.UsageError) as caught:
        pytester.parseconfigure("--dag-against=main", *arguments)

    assert message in str(caught.value)
