"""Tests of `--dag-mutate-report`: the results of `--dag-mutate` as JSON and as SARIF."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

CODE = """
    from dagflow import op

    @op
    def weigh(kilos):
        return kilos > 2

    @op
    def unused(kilos):
        return kilos > 3

    def test_it():
        assert weigh(3)
"""


def test_the_reports(pytester: pytest.Pytester):
    """Both files have the mutants that no test killed, with places relative to the root folder."""
    pytester.makepyfile(test_it=CODE)
    forms = [f"--dag-mutate-report={form}:new/out.{form}" for form in ("json", "sarif")]

    # in this process, so that the coverage of this suite has the parts that do not run in the children
    result = pytester.runpytest_inprocess("--dag-mutate", *forms)

    assert result.ret == 0
    found = json.loads((pytester.path / "new" / "out.json").read_text())
    assert (found["version"], found["total"], found["percent"]) == (1, 6, 16.7)
    assert found["counts"] == {"killed": 1, "survived": 2, "timed out": 0, "without tests": 3}
    weigh = [one for one in found["mutants"] if one["node"] == "weigh"]
    assert [(one["kind"], one["status"]) for one in weigh] == [
        ("return-input", "survived"),
        ("comparison", "survived"),
        ("constant", "killed"),
    ]
    (run,) = json.loads((pytester.path / "new" / "out.sarif").read_text())["runs"]
    assert [one["ruleId"] for one in run["results"]] == ["return-input", "comparison"] * 2 + ["constant"]
    rules, (_, comparison, *_) = run["tool"]["driver"]["rules"], run["results"]
    assert rules[comparison["ruleIndex"]]["id"] == "comparison"
    text = "No test of weigh fails if a comparison in the body of a function is replaced: "
    assert comparison["message"]["text"].startswith(f"{text}'return kilos > 2' becomes 'return kilos >= 2'.")
    (place,) = (one["physicalLocation"] for one in comparison["locations"])
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("test_it.py", 5)


def test_a_report_that_cannot_be_written(pytester: pytest.Pytester):
    """It fails the session, and the other report is there."""
    pytester.makepyfile(
        test_it=CODE + "    assert __import__('os').makedirs('out.json', exist_ok=True) is None"
    )
    forms = [f"--dag-mutate-report={form}:out.{form}" for form in ("json", "sarif")]

    result = pytester.runpytest_subprocess("--dag-mutate=weigh", *forms)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["3 mutants of 1 node:*", "FAILED: the json report cannot be written: *"])
    assert (pytester.path / "out.sarif").is_file()


def test_the_sarif_is_valid(pytester: pytest.Pytester):
    """The file has the form of the schema that the variable SARIF_SCHEMA names."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = Path(os.environ.get("SARIF_SCHEMA", "no schema"))
    if not schema.is_file():
        pytest.skip("the variable SARIF_SCHEMA names no schema")
    pytester.makepyfile(test_it=CODE)

    pytester.runpytest_subprocess("--dag-mutate", "--dag-mutate-report=sarif:out.sarif")

    document = json.loads((pytester.path / "out.sarif").read_text())
    jsonschema.validate(document, json.loads(schema.read_text()))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("xml:out", "'xml:out' is not FORMAT:PATH. Write --dag-mutate-report=json:PATH or*=sarif:PATH."),
        ("json", "'json' is not FORMAT:PATH*"),
        ("json:", "'json:' is not FORMAT:PATH*"),
        ("json:.", "*is a folder, and the report is one file. Write --dag-mutate-report=json:PATH"),
        (
            "json:test_it.py/out",
            "*is a file, and the report needs a folder there. Write --dag-mutate-report=json:PATH",
        ),
    ],
)
def test_a_wrong_form(pytester: pytest.Pytester, value: str, message: str):
    """The error comes before the first test, with the right form."""
    pytester.makepyfile(test_it="")
    result = pytester.runpytest_inprocess("--dag-mutate", f"--dag-mutate-report={value}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--dag-mutate-report*{message}"])


def test_the_option_alone_is_an_error(pytester: pytest.Pytester):
    """It is not silently ignored."""
    result = pytester.runpytest_inprocess("--dag-mutate-report=json:out.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--dag-mutate-report has no effect without --dag-mutate. Add --dag-mutate."]
    )
