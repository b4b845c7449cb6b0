"""Tests of `--dag-cov-report`: the formats, their files, and what GitHub shows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

WEATHER = Path(__file__).parents[2] / "examples" / "weather"


def test_each_format_has_a_file(cafe: pytest.Pytester) -> None:
    """A format without path has a default file, folders are made, and the terminal names the files."""
    pytest.importorskip("jinja2")
    forms = ["html", "json", "lcov:out/deep/graph.lcov", "cobertura", "markdown", "sarif", "badge"]

    result = cafe.runpytest("--dag-cov", *(f"--dag-cov-report={form}" for form in forms))

    assert result.ret == 0
    folder = cafe.path
    report = json.loads((folder / "dag-coverage.json").read_text())
    assert report["totals"]["nodes"] == {"covered": 1, "total": 2, "percent": 50.0}
    (water,) = (node for node in report["nodes"] if node["name"] == "water")
    name = next(folder.glob("test_*.py")).name
    assert (water["file"], water["line"], water["tests"]) == (name, 4, [f"{name}::test_water"])
    lcov = (folder / "out/deep/graph.lcov").read_text().splitlines()
    assert [line for line in lcov if line.startswith(("SF", "DA"))] == [
        f"SF:{name}", "DA:3,1", "DA:4,1", "DA:5,1", "DA:7,0", "DA:8,0", "DA:9,0",
    ]  # fmt: skip
    lines = Xml.parse(folder / "dag-coverage.xml").iter("line")
    assert ("4", "50% (1/2)") in [(line.get("number"), line.get("condition-coverage")) for line in lines]
    page = (folder / "dag-coverage.html").read_text(encoding="utf-8")
    assert '<a class="name" href="#node-1"><bdi>asset tea</bdi></a>' in page
    assert f"<code>{name}::test_water</code>" in page
    assert "| nodes | 1 | 2 | 50.0 |" in (folder / "dag-coverage.md").read_text()
    assert json.loads((folder / "dag-coverage.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((folder / "dag-coverage-badge.json").read_text())["message"] == "28%"
    result.stdout.fnmatch_lines(
        ["total *28.5 %", "json report: dag-coverage.json", "lcov report: out*graph.lcov"]
    )
    result.stdout.no_fnmatch_line("never ran*")


def test_term_and_a_file(cafe: pytest.Pytester) -> None:
    """The terminal has the whole report if it is named."""
    result = cafe.runpytest("--dag-cov", "--dag-cov-report=term", "--dag-cov-report=badge:b.json")

    result.stdout.fnmatch_lines(["never ran (1)", "badge report: b.json"])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("lcvo", "'lcvo' is no format. Did you mean 'lcov'? Write --dag-cov-report=FORMAT or FORMAT:PATH"),
        ("htlm", "'htlm' is no format. Did you mean 'html'?"),
        ("", "'' is no format"),
        ("term:x", "'term' prints to the terminal. Write --dag-cov-report=term"),
        ("lcov:", "the path of 'lcov:' is empty. Write --dag-cov-report=lcov:PATH"),
        ("lcov:folder", "is a folder, and the report is one file. Write --dag-cov-report=lcov:PATH"),
        ("lcov:file/x", "is a file, and the report needs a folder there"),
    ],
)
def test_a_wrong_report_is_an_error_before_the_tests(cafe: pytest.Pytester, value: str, message: str) -> None:
    """The error names the option and the right form, and no test runs."""
    cafe.mkdir("folder")
    (cafe.path / "file").write_text("")

    result = cafe.runpytest("--dag-cov", f"--dag-cov-report={value}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"--dag-cov-report{'=' if value[:6] in ('lcov:f',) else ':'}" in str(result.stderr)
    assert message in str(result.stderr)
    assert "passed" not in str(result.stdout)


def test_html_without_jinja2_is_an_error(cafe: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra, and no test runs."""
    monkeypatch.setitem(sys.modules, "jinja2", None)

    result = cafe.runpytest_inprocess("--dag-cov", "--dag-cov-report=html")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*html needs jinja2, *: pip install 'pytest-dagflow[[]report[]]'"])
    assert "passed" not in str(result.stdout)


def test_two_reports_need_two_files(cafe: pytest.Pytester) -> None:
    """One file for two reports is an error."""
    result = cafe.runpytest("--dag-cov", "--dag-cov-report=json:x", "--dag-cov-report=sarif:x")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*two reports have the file*--dag-cov-report=sarif:OTHER*"])


def test_a_file_that_cannot_be_written(cafe: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without permission is an error before the tests."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    result = cafe.runpytest("--dag-cov", "--dag-cov-report=lcov")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the folder '*' is not writable. Write --dag-cov-report=lcov:PATH"])


def test_a_folder_that_appears_during_the_tests(cafe: pytest.Pytester) -> None:
    """A report that cannot be written at the end fails the session, and the other reports are there."""
    cafe.makepyfile(test_mkdir="def test_it():\n    import os\n    os.mkdir('dag-coverage.lcov')")

    result = cafe.runpytest("--dag-cov", "--dag-cov-report=lcov", "--dag-cov-report=badge")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["badge report:*", "dag-cov failed: the lcov report cannot be written: *"])


def test_the_summary_and_the_annotations_of_github(
    cafe: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Markdown is appended to the summary, and a warning names the line of the untested asset."""
    summary = cafe.path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(cafe.path.parent))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    result = cafe.runpytest("--dag-cov", "--dag-cov-report=sarif")

    name = f"{cafe.path.name}/{next(cafe.path.glob('test_*.py')).name}"
    warning = f"::warning file={name},line=8,title=graph coverage::asset tea: no test runs it"
    assert warning in result.outlines
    assert summary.read_text().startswith("before\n## Graph coverage: 28.5 %\n")
    (finding, *_) = json.loads((cafe.path / "dag-coverage.sarif").read_text())["runs"][0]["results"]
    assert finding["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == name


def test_a_summary_that_cannot_be_written(cafe: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session passes, with a note."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(cafe.path / "absent" / "summary.md"))

    result = cafe.runpytest("--dag-cov")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["dag-cov: the summary for GitHub cannot be written: *"])


@pytest.fixture
def change(tmp_path: Path) -> Path:
    """Return a copy of the weather example in a repository, with a change of two assets on a branch."""
    pytest.importorskip("diff_cover")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    ignored = shutil.ignore_patterns(".*", "__pycache__")
    folder = shutil.copytree(WEATHER, tmp_path / "weather", ignore=ignored)

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)

    git("init", "-b", "base")
    git("add", "-A")
    git("commit", "-m", "one")
    git("checkout", "-b", "change")
    assets = folder / "weather" / "assets.py"
    code = assets.read_text()
    code = code.replace('Weather at Seattle-Tacoma airport", ""]', 'Seattle", ""]')
    code = code.replace("(context.partition_key)", "(str(context.partition_key))")
    assets.write_text(code)
    git("commit", "-am", "two")
    return folder


@pytest.mark.usefixtures("few_plugins")
def test_diff_cover_names_the_untested_asset(change: Path) -> None:
    """The real diff-cover names the changed line of the asset that no test runs, and no other line."""
    reports = ["graph.lcov", "graph.xml"]
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "test_2", "--dag-cov"]
    arguments += [f"--dag-cov-report=lcov:{reports[0]}", f"--dag-cov-report=cobertura:{reports[1]}"]
    subprocess.run([sys.executable, *arguments], cwd=change, check=True, capture_output=True)
    code = (change / "weather" / "assets.py").read_text().splitlines()
    line = next(number for number, text in enumerate(code, 1) if '["Seattle"' in text)

    for report in reports:
        command = "import sys; from diff_cover.diff_cover_tool import main; sys.exit(main())"
        done = subprocess.run(
            [sys.executable, "-c", command, report, "--compare-branch=base"],
            cwd=change, check=True, capture_output=True, text=True,
        )  # fmt: skip

        assert f"weather/assets.py (50.0%): Missing lines {line}\n" in done.stdout
