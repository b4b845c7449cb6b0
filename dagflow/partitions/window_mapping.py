"""The mapping between time windows by their overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, check_type, repr_of
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import DynamicPartitionsStore
from dagflow.partitions.loading import effective_time, partition_loading_context
from dagflow.partitions.mapping import (
    KeyMapping,
    Link,
    MappedKeys,
    PartitionMapping,
    UpstreamPartitionsResult,
)
from dagflow.partitions.mappings import cannot_connect
from dagflow.partitions.spans import Span
from dagflow.partitions.subset import PartitionsSubset
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.partitions.window_subset import TimeWindowPartitionsSubset


class TimeWindowPartitionMapping(KeyMapping):
    """Each key depends on the upstream keys whose windows overlap its own window: a month on its days.

    Offsets move the start and the end of the downstream window before the comparison. Adjacent keys of one
    call count as one long window. A dependency on an upstream window that does not exist is an error, with
    two exceptions. Windows before the first are ignored if `start_offset` is negative, and windows after the
    last if `end_offset` is positive. Both exceptions need at least one upstream window.

    Args:
        start_offset: The number of downstream windows by which the start is later (negative: earlier).
        end_offset: The number of downstream windows by which the end is later (negative: earlier).
        allow_nonexistent_upstream_partitions: Whether to ignore all upstream windows that do not exist.

    Raises:
        ParameterCheckError: An offset is not an integer.

    Example:
        >>> from dagflow.partitions.calendar import DailyPartitionsDefinition
        >>> days = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
        >>> TimeWindowPartitionMapping(-2, -1).upstream_keys(["2024-01-05"], days, days)
        ['2024-01-03', '2024-01-04']
    """

    __slots__ = ("allow_nonexistent_upstream_partitions", "end_offset", "start_offset")

    def __init__(
        self,
        start_offset: int = 0,
        end_offset: int = 0,
        allow_nonexistent_upstream_partitions: bool = False,
    ) -> None:
        for name, offset in (("start_offset", start_offset), ("end_offset", end_offset)):
            if not isinstance(offset, int):
                raise ParameterCheckError(
                    f"'{name}' of a TimeWindowPartitionMapping must be an integer, not {repr_of(offset)}"
                )
        self.start_offset: int = start_offset
        self.end_offset: int = end_offset
        self.allow_nonexistent_upstream_partitions: bool = check_type(
            allow_nonexistent_upstream_partitions, bool, "allow_nonexistent_upstream_partitions"
        )

    @property
    def description(self) -> str:
        """A sentence about the mapping, for people."""
        moved = ""
        if self.start_offset or self.end_offset:
            moved = (
                f", after a move of its start by {self.start_offset} and its end by {self.end_offset} windows"
            )
        return f"Each partition depends on the upstream partitions whose windows overlap its own{moved}."

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise an error unless both definitions consist of time windows in one time zone.

        Raises:
            DagflowInvalidDefinitionError: They do not.
        """
        for definition in (upstream_partitions_def, downstream_partitions_def):
            if not isinstance(definition, TimeWindowPartitionsDefinition):
                raise cannot_connect(self, upstream_partitions_def, downstream_partitions_def, "time windows")
        self._both(Link(downstream_partitions_def, upstream_partitions_def, None, None))

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return the upstream keys whose windows overlap the windows of `keys` after the offsets, by time.

        Raises:
            ParameterCheckError: A definition does not consist of time windows.
            DagflowInvalidDefinitionError: The definitions have different time zones.
        """
        downstream, _ = self._both(link)
        starts = sorted({downstream.start_of(key) for key in keys})
        found, missing = self._mapped(downstream.windows.spans(starts), link)
        return MappedKeys(found.get_partition_keys(), missing.get_partition_keys())

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition | None,
        upstream_partitions_def: PartitionsDefinition,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the upstream partitions that some downstream partitions depend on. No window is listed."""
        with partition_loading_context(current_time, dynamic_partitions_store) as context:
            link = Link(downstream_partitions_def, upstream_partitions_def, *context)
            downstream, _ = self._both(link)
            given = downstream_partitions_subset
            if isinstance(given, TimeWindowPartitionsSubset):
                subset = given
            else:
                keys = () if given is None else given.get_partition_keys()
                subset = downstream.empty_subset().with_partition_keys(keys)
            spans = iter(subset.spans)
            if downstream.windows.is_excluded is not None:  # windows that are left out end a span
                spans = downstream.windows.spans(subset.starts())
            found, missing = self._mapped(spans, link)
        return UpstreamPartitionsResult(partitions_subset=found, required_but_nonexistent_subset=missing)

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return the existing downstream partitions that depend on at least one of some upstream partitions.

        Windows are listed only if the downstream definition has exclusions.
        """
        with partition_loading_context(current_time, dynamic_partitions_store) as context:
            link = Link(downstream_partitions_def, upstream_partitions_def, *context)
            downstream, upstream = self._both(link)
            given = upstream_partitions_subset
            if downstream.windows.is_excluded is not None or not isinstance(
                given, TimeWindowPartitionsSubset
            ):
                return super().get_downstream_partitions_for_partitions(given, upstream, downstream)
            existing = given & upstream.subset_with_all_partitions()
            result = downstream.empty_subset()
            if self.start_offset <= self.end_offset:
                for span in existing.spans:
                    result = result.with_span(*self._dependent(span, downstream))
            return result & downstream.subset_with_all_partitions()

    def _both(self, link: Link) -> tuple[TimeWindowPartitionsDefinition, TimeWindowPartitionsDefinition]:
        """Return the downstream and the upstream definition of a link, after a check."""
        downstream, upstream = _as_time_windows(link.downstream, self), _as_time_windows(link.upstream, self)
        if downstream.timezone != upstream.timezone:
            raise DagflowInvalidDefinitionError(
                f"Timezones {upstream.timezone} and {downstream.timezone} don't match: windows of "
                f"{repr_of(downstream)} cannot be mapped to windows of {repr_of(upstream)}. Give both the "
                "same timezone."
            )
        return downstream, upstream

    def _mapped(
        self, spans: Iterable[Span], link: Link
    ) -> tuple[TimeWindowPartitionsSubset, TimeWindowPartitionsSubset]:
        """Return the upstream windows that some downstream windows depend on: the existing and the missing.

        Args:
            spans: The downstream windows, as spans of adjacent windows in order.
            link: The two definitions, of time windows.
        """
        downstream, upstream = self._both(link)
        windows = upstream.windows
        first, bound = windows.first, windows.bound(effective_time(link.now))
        has_windows = first < bound
        found = missing = upstream.empty_subset()
        for span in spans:
            try:
                moved = downstream.windows.moved(span, self.start_offset, self.end_offset)
                low, high = windows.covering(*moved)
            except OverflowError as error:
                raise self._too_far(span, downstream, error) from None
            found = found.with_span(max(low, first), min(high, bound))
            if self.allow_nonexistent_upstream_partitions:
                continue
            if not (has_windows and self.start_offset < 0):
                missing = missing.with_span(low, min(high, first))
            if not (has_windows and self.end_offset > 0):
                missing = missing.with_span(max(low, first, bound), high)
        return found, missing

    def _dependent(self, span: Span, downstream: TimeWindowPartitionsDefinition) -> Span:
        """Return the span of the downstream windows that depend on a span of upstream windows."""
        cadence = downstream.windows.cadence
        try:
            ends = cadence.after(cadence.floor(span[0]))  # the first end, after its move
            starts = cadence.before(cadence.ceil(span[1]))  # the last start, after its move
            return cadence.shift(ends, -self.end_offset - 1), cadence.shift(starts, 1 - self.start_offset)
        except OverflowError as error:
            raise self._too_far(span, downstream, error) from None

    def _too_far(
        self, span: Span, definition: TimeWindowPartitionsDefinition, error: OverflowError
    ) -> DagflowInvalidDefinitionError:
        return DagflowInvalidDefinitionError(
            f"{self!r} moves the window from {span[0].isoformat(' ', 'minutes')} out of the range of dates "
            f"({error}), by windows of {repr_of(definition)}: use smaller offsets"
        )

    def _content(self) -> tuple[object, ...]:
        return self.start_offset, self.end_offset, self.allow_nonexistent_upstream_partitions


def _as_time_windows(
    definition: PartitionsDefinition | None, mapping: PartitionMapping
) -> TimeWindowPartitionsDefinition:
    if not isinstance(definition, TimeWindowPartitionsDefinition):
        raise ParameterCheckError(
            f"{repr_of(mapping)} needs time windows on both sides, not {repr_of(definition)}"
        )
    return definition
