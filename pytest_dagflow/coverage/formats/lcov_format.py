"""The LCOV report: the source lines of the definitions, with their items as branches of the line of `def`."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagflow.coverage.formats.sources import SourceFile, source_files
from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.report_files import Paths, visible


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the report."""
    files = source_files(result.coverage, paths)
    return "".join(f"{line}\n" for file in files for line in _lines(file))


def _lines(file: SourceFile) -> Iterator[str]:
    yield "TN:"
    yield f"SF:{visible(file.path)}"
    functions = [(one.line, visible(one.node.label), one.node.runs) for one in file.definitions]
    yield from (f"FN:{line},{name}" for line, name, _ in functions)
    yield from (f"FNDA:{runs},{name}" for _, name, runs in functions)
    yield f"FNF:{len(functions)}"
    yield f"FNH:{sum(runs > 0 for _, _, runs in functions)}"
    branches = [
        (one.line, block, branch, is_covered if one.node.runs else None)
        for block, one in enumerate(file.definitions)
        for branch, (_, is_covered) in enumerate(one.items)
    ]
    for line, block, branch, is_covered in branches:
        yield f"BRDA:{line},{block},{branch},{'-' if is_covered is None else int(is_covered)}"
    yield f"BRF:{len(branches)}"
    yield f"BRH:{sum(bool(is_covered) for *_, is_covered in branches)}"
    yield from (f"DA:{line},{hits}" for line, hits in file.hits.items())
    yield f"LF:{len(file.hits)}"
    yield f"LH:{sum(hits > 0 for hits in file.hits.values())}"
    yield "end_of_record"
