"""Tests of `docs/pictures/failure.svg`, the picture of the failure report that the tutorial shows.

Run this file to draw the picture again: `python tests/house/test_failure_picture.py`.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PICTURE = DOCS / "pictures" / "failure.svg"
COMMAND = "python tests/house/test_failure_picture.py"
LINE, CHARACTER, MARGIN = 20, 8.4, 16
COLORS = ((r"E  |  best_drink  failed", "#ff7b72"), (r"\$|---", "#79c0ff"), (r"[\w ]+:  pytest", "#8b949e"))


def shown_lines() -> list[str]:
    """Return the command and its output on the page of the tutorial, without the lines that are left out."""
    page = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```console\n(\$ pytest test_quiet_day.*?)^```$", page, re.M | re.S)
    return [line for line in block.splitlines() if line != "..."]


def picture(lines: list[str]) -> str:
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


def test_the_picture_is_up_to_date() -> None:
    """The picture has the lines of the tutorial, which are those of a session."""
    assert PICTURE.read_text(encoding="utf-8") == picture(shown_lines()), f"stale: run `{COMMAND}`"


if __name__ == "__main__":
    PICTURE.write_text(picture(shown_lines()), encoding="utf-8")
