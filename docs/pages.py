"""The pages of the site that are not files of `docs/`: the pages of the repository, and the public API.

MkDocs calls the functions `on_...`. A page links to files by their path in the repository, so that its links
work on the forge. On the site a link leads to the page of the file, or to the file on the forge.
"""

from __future__ import annotations

import posixpath
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "releasing.md": "RELEASING.md",
    "security.md": "SECURITY.md",
}
"""The pages of the site that are files of the root folder."""
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


class Subject(NamedTuple):
    """A page of the public API.

    Attributes:
        title: The title of the page.
        modules: The packages and modules whose public names are on the page; empty for all names of `source`.
        source: The module from which users import the names.
        remark: One more sentence at the top of the page.
    """

    title: str
    modules: str
    source: str = "dagflow"
    remark: str = ""


OF_PYTHON = {"Any", "Bool", "Dict", "Float", "Int", "List", "Nothing", "Optional", "Set", "String", "Tuple"}
"""The public names for types of Python."""
SUBJECTS = {
    "assets": Subject(
        "Assets",
        "dagflow.defs.assets dagflow.defs.selections dagflow.keys dagflow.events.asset_result "
        "dagflow.events.data_versions dagflow.invocation.asset_values",
    ),
    "checks": Subject("Asset checks", "dagflow.defs.checks dagflow.events.check dagflow.context.check"),
    "ops": Subject(
        "Ops, graphs and jobs",
        "dagflow.defs.ops dagflow.defs.graphs dagflow.defs.jobs dagflow.defs.parts dagflow.defs.hooks "
        "dagflow.defs.loggers dagflow.events.user",
    ),
    "partitions": Subject("Partitions", "dagflow.partitions"),
    "automation": Subject(
        "Schedules, sensors and automation conditions",
        "dagflow.defs.automation dagflow.defs.conditions dagflow.automation",
    ),
    "resources": Subject("Resources, config and I/O", "dagflow.defs.resources dagflow.config dagflow.io"),
    "projects": Subject("Projects", "dagflow.defs.project"),
    "runs": Subject(
        "Runs, executors and instances",
        "dagflow.runs dagflow.executors dagflow.defs.executors dagflow.instance dagflow.events dagflow.pipes",
    ),
    "contexts": Subject("Contexts", "dagflow.context dagflow.invocation dagflow.call"),
    "metadata": Subject(
        "Metadata and types",
        "dagflow.metadata dagflow.types dagflow._util",
        remark=f" It has these types for those of Python too: {', '.join(sorted(OF_PYTHON))}.",
    ),
    "errors": Subject("Errors", "dagflow.errors"),
    "testing": Subject("Tools for tests", "", "dagflow.testing"),
    "pytest": Subject("Assertions of the plugin", "", "pytest_dagflow"),
    "strategies": Subject("Strategies and properties", "", "pytest_dagflow.strategies"),
}
"""The pages of the public API, by file name. A name is on the page with the longest fitting module."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root folder and those of the public API."""
    from mkdocs.structure.files import File

    for name, source in PAGES.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    for name, text in api_pages().items():
        files.append(File.generated(config, f"api/{name}.md", content=text))
    files.append(File.generated(config, "pygments.css", content=stylesheet()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Change the links of a page to those of the site, and its edit link to the file in the repository."""
    name, repository = page.file.src_uri, config.repo_url or ""
    if name.startswith("api/"):
        page.edit_url = None
        return markdown
    source = PAGES.get(name, f"docs/{name}")
    page.edit_url = f"{repository}/edit/main/{source}"
    return with_site_links(markdown, source, repository)


def with_site_links(markdown: str, source: str, repository: str) -> str:
    """Return a page with the links of the site.

    Args:
        markdown: The page, with links relative to its file in the repository.
        source: The path of this file in the repository.
        repository: The address of the repository on the forge.
    """
    pages = {file: name for name, file in PAGES.items()}

    def link(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        if path.startswith("docs/"):
            return path.removeprefix("docs/")
        return pages.get(path) or f"{repository}/blob/main/{path}"

    parts = FENCED.split(markdown)
    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in parts)


def stylesheet() -> str:
    """Return the colors of code."""
    from pygments.formatters import HtmlFormatter

    return str(HtmlFormatter(style="default").get_style_defs(".highlight"))


def api_pages() -> dict[str, str]:
    """Return the pages of the public API by file name, in the syntax of mkdocstrings."""
    names = public_names()
    return {
        page: f"# {subject.title}\n\nImport these names from `{subject.source}`.{subject.remark}\n\n"
        + "\n\n".join(f"::: {subject.source}.{name}" for name in names[page])
        + "\n"
        for page, subject in SUBJECTS.items()
    }


def public_names() -> dict[str, list[str]]:
    """Return the public names of each page.

    Raises:
        LookupError: No subject has the module of a name.
    """
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    pages = {
        page: list(import_module(subject.source).__all__)
        for page, subject in SUBJECTS.items()
        if not subject.modules
    }
    for name, module in import_module("dagflow")._EXPORTS.items():  # noqa: SLF001 - the one table of public names
        if name not in OF_PYTHON and module != "dagflow.testing":
            pages.setdefault(_page_of(name, module), []).append(name)
    return {page: sorted(names, key=str.lower) for page, names in pages.items()}


def _page_of(name: str, module: str) -> str:
    fitting = [
        (len(start), page)
        for page, subject in SUBJECTS.items()
        for start in subject.modules.split()
        if f"{module}.".startswith(f"{start}.")
    ]
    if not fitting:
        raise LookupError(
            f"docs/pages.py: no subject of SUBJECTS has {module}, the module of {name}; add it to one"
        )
    return max(fitting)[1]
