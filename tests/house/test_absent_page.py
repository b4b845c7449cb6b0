"""Tests of `docs/absent.md`, the table of the names and arguments of Dagster that dagflow does not have.

Run this file to generate the tables again: `python tests/house/test_absent_page.py`.
"""

from __future__ import annotations

from pathlib import Path

from dagflow.absent_names import ARGUMENTS, TOPICS

PAGE = Path(__file__).parents[2] / "docs" / "absent.md"
COMMAND = "python tests/house/test_absent_page.py"
NAMES, TABLE = "## Names\n\n", "| name | meaning | instead |\n|---|---|---|\n"
OF_ARGUMENTS, TABLE_OF_ARGUMENTS = "\n## Arguments\n\n", "| argument | meaning | instead |\n|---|---|---|\n"


def table_of_names() -> str:
    """Return the rows of all names: those that are absent on purpose, then those that are planned."""
    return "".join(
        f"| `{name}` | {meaning} | {'Not yet. ' if topic.is_planned else ''}{topic.instead} |\n"
        for topic in sorted(TOPICS, key=lambda topic: topic.is_planned)
        for name, meaning in topic.names.items()
    )


def table_of_arguments() -> str:
    """Return the rows of all arguments, each with the function or class that has it in Dagster."""
    return "".join(
        f"| `{name}=` of {', '.join(f'`{owner}`' for owner in row.owners.split())} | {row.meaning} | "
        f"{'Not yet. ' if row.is_planned else ''}{row.instead} |\n"
        for name, row in ARGUMENTS.items()
    )


def page_with_tables(text: str) -> str:
    """Return the text of the page with the present tables."""
    return "".join(
        [
            text.partition(NAMES)[0],
            *(NAMES, TABLE, table_of_names()),
            *(OF_ARGUMENTS, TABLE_OF_ARGUMENTS, table_of_arguments()),
        ]
    )


def test_the_page_has_each_absent_name() -> None:
    """The tables of the page are equal to the tables that the error messages use."""
    text = PAGE.read_text(encoding="utf-8")

    assert text == page_with_tables(text), f"stale: run `{COMMAND}`"


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
