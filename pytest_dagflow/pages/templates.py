"""The templates of HTML reports. Jinja escapes all values in them.

A template is named by its path in this distribution, and extends `pages/base.html.jinja`, which has the
stylesheet that all reports share.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.report_files import visible

if TYPE_CHECKING:
    from jinja2 import Environment


def check_templates(option: str) -> None:
    """Raise if the library of the templates is not installed.

    Args:
        option: The option that needs it.

    Raises:
        pytest.UsageError: It is not installed.
    """
    if find_spec("jinja2") is None:
        raise pytest.UsageError(
            f"{option} needs jinja2, which is not installed: pip install 'pytest-dagflow[report]'"
        )


def render_template(template: str, **values: object) -> str:
    """Return a page, or a part of one.

    Args:
        template: The path of the template, such as "pages/base.html.jinja".
        **values: The values that it reads. A missing one is an error.
    """
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pytest_dagflow", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.filters["visible_lines"] = visible_lines
    return environment


def visible_lines(text: str) -> str:
    """Return a text as `visible` does, with its lines.

    Example:
        >>> print(visible_lines("a\\nb\\u202ec"))
        a
        b\\u202ec
    """
    return "\n".join(map(visible, text.splitlines()))
