"""Tests of `docs/against.md` and `docs/against-ci.md`: sessions, the workflow and its comment."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from html import unescape
from itertools import groupby
from pathlib import Path

import pytest
import yaml

DOCS = Path(__file__).parents[2] / "docs"
PAGE, CI = ((DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("against", "against-ci"))
FILES = dict(re.findall(r"^```\w+\n# ([\w.]+)\n(.*?)^```$", PAGE, re.M | re.S))
FIRST, DECLARED = (
    block
    for block in re.findall(r"^```console\n\$ pytest (.*?)^```$", PAGE, re.M | re.S)
    if "examples/" not in block
)
QUICK = ("-p", "no:cacheprovider", "-p", "no:randomly")


@pytest.fixture
def shop(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return the project of the page in a git repository, with its change of the working tree."""
    for name in ("shop.py", "test_shop.py", "pytest.ini"):
        named = f"# {name}\n" if name == "shop.py" else ""
        pytester.path.joinpath(name).write_text(named + FILES[name], encoding="utf-8")
    identity = ("-c", "user.name=someone", "-c", "user.email=someone@example.com")
    for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "Open the shop")):
        subprocess.run(["git", *command], cwd=pytester.path, check=True)
    pytester.path.joinpath("test_declared.py").write_text(FILES["test_declared.py"], encoding="utf-8")
    exclude = pytester.path / ".git" / "info" / "exclude"  # the files of pytester are no change
    exclude.write_text("stdout\nstderr\nrunpytest-*\n", encoding="utf-8")
    code = pytester.path.joinpath("shop.py").read_text(encoding="utf-8")
    pytester.path.joinpath("shop.py").write_text(code.replace("VAT = 0.19", "VAT = 0.07"), encoding="utf-8")
    return pytester


def patterns(block: str) -> list[str]:
    """Return the lines of a session as patterns, without times, ids and the width of titles."""
    lines = [line.replace("[", "[[]") for line in block.splitlines()[1:]]
    lines = [re.sub(r"\([0-9a-f]{7}\)|in [\d.]+s", "*", line) for line in lines]
    return [re.sub(r"^time: .*", "time: *", re.sub(r"=+", "=*", line)) for line in lines]


def runs(lines: list[str]) -> list[list[str]]:
    """Return the parts of a session between the lines `...`."""
    return [list(part) for is_left_out, part in groupby(lines, "...".__eq__) if not is_left_out]


@pytest.mark.parametrize("block", [FIRST, DECLARED], ids=["first", "declared"])
def test_the_sessions(shop: pytest.Pytester, block: str) -> None:
    """The sessions on the page print these lines, and the marker lets the session pass."""
    arguments = shlex.split(block.splitlines()[0])
    if block == FIRST:
        arguments.append("test_shop.py")  # the page has no other test yet

    result = shop.runpytest_subprocess(*QUICK, *arguments)

    assert result.ret == (1 if block == FIRST else 0)
    for part in runs(patterns(block)):
        result.stdout.fnmatch_lines(part, consecutive=True)
    assert not (shop.path / ".git" / "worktrees").exists()


def test_the_rules_are_read(shop: pytest.Pytester) -> None:
    """The rules on the page are rules, and a run of the project is compared as the page shows it."""
    (rules,) = re.findall(r"^dag_against_rules =\n((?: +.*\n)+)", PAGE, re.M)
    known = {"kind:table": "orders", "scratch_*": "towns"}
    for name, node in known.items():
        rules = rules.replace(name, node)
    with (shop.path / "pytest.ini").open("a", encoding="utf-8") as file:
        file.write(f"dag_against_rules =\n{rules}")

    result = shop.runpytest_subprocess(
        *QUICK, "--dag-against=HEAD", "--dag-against-repeat=0", "--dag-run", "*revenue", "-k", "dag-run"
    )

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "asset invoices  code changed*",
            "    in dag-run::[*]revenue",
            "    expected: rule 'revenue: expect'",
            "dag-against: 1 unexpected difference in 1 node, 1 expected",
        ]
    )


def steps() -> dict[str, dict[str, str]]:
    """Return the steps of the workflow by name."""
    (workflow,) = re.findall(r"^```yaml\n(.*?)^```$", CI, re.M | re.S)
    return {
        step["name"]: step for step in yaml.safe_load(workflow)["jobs"]["compare"]["steps"] if "name" in step
    }


def test_the_session_of_the_workflow(shop: pytest.Pytester) -> None:
    """The step of pytest compares with the base branch, does not fail, and writes the comment of the page."""
    pytest.importorskip("jinja2")
    subprocess.run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=shop.path, check=True)
    command = steps()["Compare the data with those of the base branch"]["run"]
    program, *arguments = shlex.split(command.replace("${{ github.base_ref }}", "main"))
    (head,) = re.findall(r"^\$ head -n 2 comment.md\n(.*?)^```$", CI, re.M | re.S)

    result = shop.runpytest_subprocess(*QUICK, "--dag-against-repeat=0", *arguments, "test_shop.py")

    assert (program, result.ret) == ("pytest", 0)
    comment = (shop.path / "comment.md").read_text(encoding="utf-8")
    marker, title = head.splitlines()
    assert comment.startswith(f"{marker}\n")
    assert re.sub(r" \(\w+\)", "", unescape(comment.splitlines()[1])) == title
    assert (shop.path / "data.html").is_file()


@pytest.mark.skipif(os.name != "posix", reason="the step is a script of bash")
@pytest.mark.parametrize(
    ("found", "method", "path"),
    [("42\n43\n", "PATCH", "repos/a/b/issues/comments/42"), ("", "POST", "repos/a/b/issues/7/comments")],
)
def test_there_is_one_comment(tmp_path: Path, found: str, method: str, path: str) -> None:
    """The step updates its earlier comment, and writes one without it."""
    gh = tmp_path / "gh"
    gh.write_text(
        f'#!/bin/sh\nif [ "$2" = --paginate ]; then printf "{found}"; else echo "$@" >> calls; fi\n',
        encoding="utf-8",
    )
    gh.chmod(0o755)
    step = steps()["Write the comment, or update it"]
    variables = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_REPOSITORY": "a/b",
        "COMMENTS": "repos/a/b/issues/7/comments",
    }

    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=variables, check=True)

    (call,) = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    words = call.split()
    assert words[words.index("--method") + 1] == method
    assert path in words
    assert call.endswith("--field body=@comment.md")


def test_the_comment_is_found_by_the_first_line_of_the_report() -> None:
    """The step and the report have the same marker."""
    from pytest_dagflow.against.formats.markdown_format import MARKER

    assert f'startswith("{MARKER}")' in steps()["Write the comment, or update it"]["run"]


def test_each_option_is_on_the_page() -> None:
    """The page names each option and format of the comparison."""
    from pytest_dagflow.against.rules import _SETTINGS
    from pytest_dagflow.against.settings import DEFAULT_PATHS, FAILS

    options = (DOCS / "reference.md").read_text(encoding="utf-8")
    names = [*re.findall(r"^\| `(--dag-(?:against|run\b)[\w-]*)`", options, re.M), "dag_against_rules"]
    named = [f"`{name}" for name in (*DEFAULT_PATHS, *FAILS, *_SETTINGS)]
    assert [name for name in [*names, *named] if name not in PAGE] == []
