"""The Cobertura report, which GitLab and others read: the same lines and branches as in LCOV."""

from __future__ import annotations

import time
from pathlib import PurePosixPath
from xml.etree import ElementTree as Xml

from pytest_dagflow.coverage.formats.sources import SourceFile, source_files
from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.report_files import Paths, visible

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">\n'
)


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the report."""
    files = source_files(result.coverage, paths)
    root = Xml.Element("coverage", _rates(files))
    root.set("version", "dagflow")
    root.set("timestamp", str(int(time.time() * 1000)))
    sources = Xml.SubElement(root, "sources")
    Xml.SubElement(sources, "source").text = visible(str(paths.base))
    packages = Xml.SubElement(root, "packages")
    by_folder: dict[str, list[SourceFile]] = {}
    for file in files:
        by_folder.setdefault(str(PurePosixPath(file.path).parent), []).append(file)
    for folder, inside in by_folder.items():
        name = "." if folder == "." else folder.replace("/", ".")
        package = Xml.SubElement(packages, "package", {"name": visible(name), **_only_rates(inside)})
        classes = Xml.SubElement(package, "classes")
        for file in inside:
            _add_class(classes, file)
    Xml.indent(root, " ")
    return _HEAD + Xml.tostring(root, encoding="unicode") + "\n"


def _add_class(classes: Xml.Element, file: SourceFile) -> None:
    path = visible(file.path)
    about = {"name": PurePosixPath(path).name, "filename": path, **_only_rates([file])}
    element = Xml.SubElement(classes, "class", about)
    methods = Xml.SubElement(element, "methods")
    branches: dict[int, list[bool]] = {}
    for one in file.definitions:
        found = [is_covered for _, is_covered in one.items]
        branches.setdefault(one.line, []).extend(found)
        rates = {"line-rate": str(int(one.node.runs > 0)), "branch-rate": _rate(sum(found), len(found))}
        name = {"name": visible(one.node.label), "signature": "()", **rates, "complexity": "0"}
        lines = Xml.SubElement(Xml.SubElement(methods, "method", name), "lines")
        Xml.SubElement(lines, "line", {"number": str(one.line), "hits": str(one.node.runs)})
    lines = Xml.SubElement(element, "lines")
    for line, hits in file.hits.items():
        found = branches.get(line, [])
        element = Xml.SubElement(lines, "line", {"number": str(line), "hits": str(hits)})
        if found:
            element.set("branch", "true")
            percent = sum(found) * 100 // len(found)
            element.set("condition-coverage", f"{percent}% ({sum(found)}/{len(found)})")


def _rates(files: list[SourceFile]) -> dict[str, str]:
    hits = [number > 0 for file in files for number in file.hits.values()]
    branches = [is_covered for file in files for one in file.definitions for _, is_covered in one.items]
    return {
        "line-rate": _rate(sum(hits), len(hits)),
        "branch-rate": _rate(sum(branches), len(branches)),
        "lines-covered": str(sum(hits)),
        "lines-valid": str(len(hits)),
        "branches-covered": str(sum(branches)),
        "branches-valid": str(len(branches)),
        "complexity": "0",
    }


def _only_rates(files: list[SourceFile]) -> dict[str, str]:
    found = _rates(files)
    return {name: found[name] for name in ("line-rate", "branch-rate", "complexity")}


def _rate(covered: int, total: int) -> str:
    return f"{covered / total:.4g}" if total else "1"
