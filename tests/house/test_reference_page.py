"""Tests of `docs/reference.md`: each fixture, marker, option, ini key, hook and function of `ev`.

Run this file to generate the page again: `python tests/house/test_reference_page.py`.
"""

from __future__ import annotations

import argparse
import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pytest_dagflow import ev, hooks
from pytest_dagflow.markers.registry import MARKERS
from pytest_dagflow.registration import add_options
from pytest_dagflow.sequence.functions import ALIASES, event_function, function_names

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference.md"
COMMAND = "python tests/house/test_reference_page.py"
BEGINNING = """# Reference of the plugin

This page is generated from the docstrings and help texts, which `pytest --fixtures`, `--markers` and `--help`
print too. For examples see [fixtures](fixtures.md), [assertions](assertions.md) and the other guides.

"""


class Parser:
    """A recorder of the options and ini keys that the plugin registers."""

    def __init__(self) -> None:
        self.options: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.keys: list[tuple[str, dict[str, Any]]] = []

    def getgroup(self, *_: str) -> Parser:
        """Return the recorder, as the group of all options."""
        return self

    def addoption(self, *names: str, **settings: Any) -> None:
        """Record an option."""
        self.options.append((names, settings))

    def addini(self, name: str, **settings: Any) -> None:
        """Record an ini key."""
        self.keys.append((name, settings))


def plain(text: str) -> str:
    """Return a help text in Markdown: a star is a star."""
    return text.replace("*", "\\*")


def entry(name: str, docstring: str | None, call: str = "") -> str:
    """Return the entry of a name: its call as code, and its docstring."""
    code = f"    {call}\n\n" if call else ""
    return f"### {name}\n\n{code}{inspect.cleandoc(docstring or '')}\n\n"


def fixtures() -> Iterator[str]:
    """Yield an entry for each public fixture."""
    for path in sorted((ROOT / "pytest_dagflow" / "fixtures").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            if any(decorator.startswith("pytest.fixture") for decorator in decorators):
                yield entry(node.name, ast.get_docstring(node))


def functions(members: list[Callable[..., Any]], prefix: str = "") -> Iterator[str]:
    """Yield an entry for each function, with its parameters."""
    for function in members:
        signature = inspect.signature(function)
        parameters = [
            parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()
        ]
        shown = signature.replace(parameters=parameters, return_annotation=signature.empty)
        yield entry(function.__name__, function.__doc__, f"{prefix}{function.__name__}{shown}")


def options_and_keys() -> Iterator[str]:
    """Yield the tables of the options and the ini keys."""
    parser = Parser()
    add_options(parser)  # type: ignore[arg-type]
    yield "## Options\n\n| option | value | effect |\n|---|---|---|\n"
    for names, settings in parser.options:
        if settings["help"] == argparse.SUPPRESS:  # for processes of the plugin itself
            continue
        value = settings.get("metavar", "").replace("|", " or ")
        shown = ", ".join(f"`{name}`" for name in names)
        yield f"| {shown} | {value} | {plain(settings['help'])} |\n"
    yield "\n## Ini keys\n\n| key | type | effect |\n|---|---|---|\n"
    for name, settings in parser.keys:
        yield f"| `{name}` | {settings.get('type', 'string')} | {plain(settings['help'])} |\n"


def event_functions() -> Iterator[str]:
    """Yield the table of the functions of `ev`."""
    _, _, explained = inspect.cleandoc(ev.__doc__ or "").partition("\n\n")
    yield "\n## Functions of ev\n\n" + explained.partition("\n\nExample:")[0].partition("\n\n")[2]
    yield "\n\n| function | arguments | pattern |\n|---|---|---|\n"
    for name in function_names():
        if name in ALIASES:
            yield f"| `ev.{name}` | those of `ev.{ALIASES[name]}` | the same |\n"
        else:
            function = event_function(name)
            arguments = ", ".join(f"`{argument}`" for argument in inspect.signature(function).parameters)
            text = str(function.__doc__).partition("\n")[0].removeprefix("Return a pattern of ")
            yield f"| `ev.{name}` | {arguments} | {text} |\n"


def page() -> str:
    """Return the whole page."""
    specifications = [value for name, value in vars(hooks).items() if name.startswith("pytest_dagflow_")]
    return (
        "".join(
            [
                BEGINNING,
                "## Fixtures\n\n",
                *fixtures(),
                "## Markers\n\n",
                *functions(list(MARKERS), "@pytest.mark."),
                *options_and_keys(),
                "\n## Hooks\n\nImplement a hook in a conftest or in a plugin.\n\n",
                *functions(specifications),
            ]
        ).rstrip("\n")
        + "\n"
        + "".join(event_functions())
    )


def test_the_page_is_up_to_date() -> None:
    """The page has the present docstrings and help texts."""
    assert PAGE.read_text(encoding="utf-8") == page(), f"stale: run `{COMMAND}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
