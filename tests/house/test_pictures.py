"""Tests of `docs/pictures`: the failure report of the tutorial, and the coverage page of `examples/weather`.

Run this file to draw both pictures again: `python tests/house/test_pictures.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
FAILURE = ROOT / "docs" / "pictures" / "failure.svg"
COVERAGE = ROOT / "docs" / "pictures" / "coverage.svg"
COMMAND = "python tests/house/test_pictures.py"
LINE, CHARACTER, MARGIN = 20, 8.4, 16
COLORS = ((r"E  |  best_drink  failed", "#ff7b72"), (r"\$|---", "#79c0ff"), (r"[\w ]+:  pytest", "#8b949e"))


def shown_lines() -> list[str]:
    """Return the command and its output on the page of the tutorial, without the lines that are left out."""
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```console\n(\$ pytest test_quiet_day.*?)^```$", page, re.M | re.S)
    return [line for line in block.splitlines() if line != "..."]


def failure_picture(lines: list[str]) -> str:
    """Draw lines as in a terminal."""
    width = MARGIN * 2 + round(max(map(len, lines)) * CHARACTER)
    height = MARGIN * 2 + len(lines) * LINE
    rows = []
    for number, line in enumerate(lines, start=1):
        color = next((color for start, color in COLORS if re.match(start, line)), "#e6edf3")
        text = escape(line, quote=False).replace(" ", "\N{NO-BREAK SPACE}")
        rows.append(f'<text x="{MARGIN}" y="{MARGIN - 5 + number * LINE}" fill="{color}">{text}</text>\n')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        'font-family="monospace" font-size="14">\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>\n{"".join(rows)}</svg>\n'
    )


def coverage_of_weather(folder: Path) -> tuple[str, dict[str, dict[str, float]]]:
    """Run the tests of the example; return the coverage page, and the totals by denominator."""
    reports = [f"--dag-cov-report={name}:{folder / 'coverage'}.{name}" for name in ("html", "json")]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "examples/weather",
        "-p",
        "no:cacheprovider",
        "--dag-cov",
    ]
    subprocess.run([*command, *reports], cwd=ROOT, check=True)
    page, totals = ((folder / f"coverage.{name}").read_text(encoding="utf-8") for name in ("html", "json"))
    return page, json.loads(totals)["totals"]


def style_of(page: str) -> str:
    """Return the rules of the page for its graph, with light and dark colors in place of variables."""
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.S)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+);", part)) for part in style.split("@media", 2)[:2])
    rules = re.findall(
        r"^((?:svg|\.box|\.arrow|#[\w-]*tip)[^{}\n]*\{[^{}]*\})", style.replace("} ", "}\n"), re.M
    )
    more = [
        "svg text.title { font-size: 20px; font-weight: bold; }",
        ".page { fill: var(--page); } .panel { fill: var(--panel); stroke: var(--line); }",
        ".bar { fill: var(--track); } .full { fill: var(--all); } .part { fill: var(--some); }",
    ]
    shown = "\n".join([*(rule for rule in rules if ":hover" not in rule and ":focus" not in rule), *more])
    by_day, by_night = (with_colors(shown, colors) for colors in (light, {**light, **dark}))
    return f"{by_day}\n@media (prefers-color-scheme: dark) {{\n{by_night}\n}}\n"


def with_colors(rules: str, colors: dict[str, str]) -> str:
    """Replace the variables of rules: not every program that shows pictures knows variables."""
    return re.sub(r"var\(--([\w-]+)\)", lambda match: colors[match[1]], rules)


def coverage_picture(page: str, totals: dict[str, dict[str, float]]) -> str:
    """Draw the title, the graph and the totals of a coverage page; light or dark as the reader's system."""
    (graph,) = re.findall(r'<svg [^>]*width="\d+".*?</svg>', page, re.S)
    (title,) = re.findall(r"<h1>(.*?)</h1>", page)
    width, height = (int(size) for size in re.findall(r'(?:width|height)="(\d+)"', graph)[:2])
    graph = re.sub(r' (?:href|role|aria-label|id="box-\d+")(?:="[^"]*")?|<title>.*?</title>', "", graph)
    graph = graph.replace("<svg ", '<svg x="16" y="56" ', 1)
    rows, half, top = [], (len(totals) + 1) // 2, 56 + height + 40
    for number, (name, counts) in enumerate(totals.items()):
        x, y = 24 + number // half * (width // 2), top + number % half * 22
        share = counts["covered"] / counts["total"]
        rows.append(
            f'<text x="{x}" y="{y}">{name}</text>'
            f'<rect class="bar" x="{x + 100}" y="{y - 9}" width="160" height="9" rx="4"/>'
            f'<rect class="{"full" if share == 1 else "part"}" x="{x + 100}" y="{y - 9}" '
            f'width="{round(160 * share)}" height="9" rx="4"/>'
            f'<text x="{x + 275}" y="{y}">{counts["covered"]} of {counts["total"]}</text>\n'
        )
    size = f'width="{width + 32}" height="{top + half * 22}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 32} {top + half * 22}" {size}>\n'
        f"<style>\n{style_of(page)}</style>\n"
        f'<rect class="page" {size} rx="8"/>\n<text class="title" x="24" y="36">{title}</text>\n'
        f'<rect class="panel" x="16" y="56" width="{width}" height="{height}" rx="6"/>\n'
        f"{graph}\n{''.join(rows)}</svg>\n"
    )


def test_the_failure_is_up_to_date() -> None:
    """The picture has the lines of the tutorial, which are those of a session."""
    assert FAILURE.read_text(encoding="utf-8") == failure_picture(shown_lines()), f"stale: run `{COMMAND}`"


def test_the_coverage_has_the_nodes_of_the_example() -> None:
    """The picture is small, well-formed, light and dark, and has each asset of the example."""
    text = COVERAGE.read_text(encoding="utf-8")
    source = (ROOT / "examples" / "weather" / "weather" / "assets.py").read_text(encoding="utf-8")
    assets = re.findall(r"^@asset.*\n(?:@.*\n)*def (\w+)", source, re.M)

    texts = [
        element.text for element in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert len(assets) == 5
    assert set(assets) <= set(texts), f"stale: run `{COMMAND}`"
    assert "prefers-color-scheme: dark" in text
    assert "var(" not in text
    assert len(text) < 200_000


if __name__ == "__main__":
    FAILURE.write_text(failure_picture(shown_lines()), encoding="utf-8")
    with tempfile.TemporaryDirectory() as new:
        COVERAGE.write_text(coverage_picture(*coverage_of_weather(Path(new))), encoding="utf-8")
