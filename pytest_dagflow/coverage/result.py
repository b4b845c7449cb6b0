"""The result of a session with `--dag-cov`: the coverage, its new misses, and the reasons to fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_dagflow.coverage.settings import Settings

if TYPE_CHECKING:
    from dagflow.testing import Coverage, Miss


@dataclass
class CoverageResult:
    """The result of a session.

    Attributes:
        coverage: The coverage of all processes and shards.
        base_path: The file of the earlier coverage; empty without a comparison.
        new_misses: The items that the earlier coverage did not miss.
        failures: The reasons why the session fails, each a sentence.
        written: The format and the path of each written report.
        notes: Problems that do not fail the session.
        annotations: The lines from which GitHub makes annotations.
    """

    coverage: Coverage
    base_path: str = ""
    new_misses: list[Miss] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    written: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    annotations: list[str] = field(default_factory=list)

    @property
    def new_number(self) -> int:
        """The number of new misses: all items, also those of nodes that never ran."""
        return sum(len(miss.labels) for miss in self.new_misses)

    def new_numbers(self) -> Counter[str]:
        """Return the number of new misses of each node, by its id."""
        found: Counter[str] = Counter()
        for miss in self.new_misses:
            found[miss.node.id] += len(miss.labels)
        return found


def judge(coverage: Coverage, settings: Settings) -> CoverageResult:
    """Compare the coverage with the thresholds and with the base.

    Args:
        coverage: The coverage of the session.
        settings: The options.
    """
    result = CoverageResult(coverage)
    counts = {**coverage.counts(), "total": coverage.total}
    for name, minimum in settings.thresholds:
        if not coverage.nodes:
            result.failures.append(f"{name} has no items to reach {minimum:g} % of")
        elif name in counts and counts[name].covered * 100 < minimum * counts[name].total:
            result.failures.append(f"{name}: {counts[name].percent} % is below {minimum:g} %")
    if settings.base is not None:
        result.base_path = settings.shown(settings.base_path)
        result.new_misses = coverage.new_misses(settings.base)
        if result.new_misses and settings.fails_new:
            number = result.new_number
            result.failures.append(f"{number} new miss{'es' * (number != 1)}")
    return result
