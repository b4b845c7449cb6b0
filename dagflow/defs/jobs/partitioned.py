"""Partitioned config: functions that make the run config and the tags of each partition, bound to partitions.

A job takes one as its `config`. It is then partitioned, and the functions make the run config and tags of a
run from its partition key.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

from dagflow._util import takes
from dagflow.config.plain import run_config_dict
from dagflow.copies import Copied, WithFirst, first_of
from dagflow.defs.parts.function import location, name_of
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    ParameterCheckError,
    check_type,
    repr_of,
)
from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.keys import Moment, Partition
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.tags import jsonable_tags, system_tag, system_tag_spellings

_ConfigOfKey = Callable[[str], Any]
_TagsOfKey = Callable[[str], Mapping[str, Any]]
_TagsOfWindow = Callable[[datetime, datetime], Mapping[str, Any]]
_Decorator = Callable[[Callable[..., Any]], "PartitionedConfig"]


class PartitionedConfig(Copied):
    """Partitions, with a run config and tags for each. Usually made by one of the decorators below. It can
    then be called like the decorated function.

    Args:
        partitions_def: The partitions.
        run_config_for_partition_fn: An older form of `run_config_for_partition_key_fn`, given a `Partition`.
        decorated_fn: The function that calls are passed to.
        tags_for_partition_fn: An older form of `tags_for_partition_key_fn`, given a `Partition`.
        run_config_for_partition_key_fn: Makes the run config (a dict or RunConfig) of a partition key.
        tags_for_partition_key_fn: Makes the tags of runs for a partition key.

    Raises:
        CheckError: Not exactly one function makes the config, or two make the tags.
        ParameterCheckError: An argument of the wrong type.

    Example:
        >>> from dagflow import PartitionedConfig, StaticPartitionsDefinition
        >>> regions = StaticPartitionsDefinition(["north", "south"])
        >>> by_region = PartitionedConfig(
        ...     regions, run_config_for_partition_key_fn=lambda key: {"ops": {"sell": {"config": key}}})
        >>> by_region.get_run_config_for_partition_key("north")
        {'ops': {'sell': {'config': 'north'}}}
    """

    __slots__ = ("_call", "_config_of", "_tags_of", "constant_config", "partitions_def")
    constant_config: Mapping[str, Any] | None
    """The run config of every partition, if all have the same."""

    def __init__(
        self,
        partitions_def: PartitionsDefinition,
        run_config_for_partition_fn: Callable[[Partition], Any] | None = None,
        decorated_fn: Callable[..., Any] | None = None,
        tags_for_partition_fn: Callable[[Partition], Mapping[str, Any]] | None = None,
        run_config_for_partition_key_fn: _ConfigOfKey | None = None,
        tags_for_partition_key_fn: _TagsOfKey | None = None,
    ) -> None:
        self.partitions_def: PartitionsDefinition = check_type(
            partitions_def, PartitionsDefinition, "partitions_def", "a PartitionedConfig"
        )
        if (run_config_for_partition_fn is None) == (run_config_for_partition_key_fn is None):
            raise CheckError(
                "a PartitionedConfig needs exactly one function that makes the run config: "
                "run_config_for_partition_key_fn, or the older run_config_for_partition_fn"
            )
        if tags_for_partition_fn is not None and tags_for_partition_key_fn is not None:
            raise CheckError(
                "a PartitionedConfig cannot have both tags_for_partition_key_fn and the older "
                "tags_for_partition_fn: give one of them"
            )
        self.constant_config = None
        self._call = _check_function(decorated_fn, "decorated_fn")
        self._config_of: _ConfigOfKey = (
            _check_function(run_config_for_partition_key_fn, "run_config_for_partition_key_fn")
            or _adapt_to_key(run_config_for_partition_fn, "run_config_for_partition_fn")
        )  # fmt: skip
        self._tags_of: _TagsOfKey | None = (
            _check_function(tags_for_partition_key_fn, "tags_for_partition_key_fn")
            or _adapt_to_key(tags_for_partition_fn, "tags_for_partition_fn")
        )  # fmt: skip

    @classmethod
    def from_flexible_config(cls, config: Any, partitions_def: PartitionsDefinition) -> PartitionedConfig:
        """Return a partitioned config from the `config` and `partitions_def` of a job.

        Args:
            config: A partitioned config of these partitions; a dict or RunConfig for every partition; or
                None.
            partitions_def: The partitions.

        Raises:
            CheckError: The partitioned config has other partitions.
        """
        if isinstance(config, PartitionedConfig):
            if config.partitions_def != partitions_def:
                raise CheckError(
                    f"{repr_of(config)} cannot be the 'config' of a job with another partitions_def, "
                    f"{repr_of(partitions_def)}: remove the partitions_def, or make them equal"
                )
            return config
        fixed = run_config_dict(config, "every partition")
        made = cls(partitions_def, run_config_for_partition_key_fn=WithFirst(first_of, fixed))
        made.constant_config = fixed
        return made

    def decorated(self) -> Callable[..., Any] | None:
        """Return the decorated function."""
        fn: Callable[..., Any] | None = self._call
        return fn

    @property
    def run_config_for_partition_key_fn(self) -> _ConfigOfKey:
        """The function that makes the run config of a partition key."""
        return self._config_of

    @property
    def tags_for_partition_key_fn(self) -> _TagsOfKey | None:
        """The function that makes the tags of a partition key, or None."""
        return self._tags_of

    def get_partition_keys(self, current_time: Moment | None = None) -> Sequence[str]:
        """Return all partition keys, in order.

        Args:
            current_time: The end of partitions that grow with time; default: now.
        """
        return self.partitions_def.get_partition_keys(current_time)

    def get_run_config_for_partition_key(self, partition_key: str) -> dict[str, Any]:
        """Return the run config that the function makes for a key. Errors of the function pass through.

        Raises:
            ParameterCheckError: The function returned neither a dict nor a RunConfig.
            DagflowUnknownPartitionError: The partitions are time windows, and the key is not a valid time.
        """
        config = self._config_of(partition_key)
        return run_config_dict(config, f"partition '{partition_key}', made by {self!r},")

    def get_tags_for_partition_key(self, partition_key: str, job_name: str | None = None) -> dict[str, str]:
        """Return the tags of a run for a key: those of the function, and the tags that name the partition.

        Args:
            partition_key: The key.
            job_name: The name of the job, which is part of the tag of the partition set.

        Raises:
            DagflowInvalidDefinitionError: A tag is reserved, or cannot be encoded as JSON.
        """
        tags: dict[str, str] = {}
        if self._tags_of is not None:
            place = f"partition '{partition_key}', made by {self!r},"
            tags = jsonable_tags(check_type(self._tags_of(partition_key), Mapping, "tags", place), place)
            reserved = tuple(system_tag_spellings("partition"))
            for name in tags:
                if name.startswith(reserved):
                    raise DagflowInvalidDefinitionError(
                        f"the tags of {place} set the tag '{name}', which is reserved: a run for a partition "
                        "has it anyway. Remove it, or use another name."
                    )
        tags.update(self.partitions_def.get_tags_for_partition_key(partition_key))
        if job_name is not None:
            tags[system_tag("partition_set")] = f"{job_name}_partition_set"
        return tags

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the decorated function."""
        if self._call is None:
            raise DagflowInvalidInvocationError(
                "this PartitionedConfig was made without a decorator and cannot be called: use "
                "get_run_config_for_partition_key(key), or decorate a function with "
                "@static_partitioned_config or a similar decorator"
            )
        return self._call(*args, **kwargs)

    def __repr__(self) -> str:
        fn = self._call or self._config_of
        if self.constant_config is not None:
            return f"<one config for all of {self.partitions_def!r}>"
        return f"<partitioned config '{getattr(fn, '__name__', fn)}' ({location(fn)})>"


def partitioned_config(
    partitions_def: PartitionsDefinition, tags_for_partition_key_fn: _TagsOfKey | None = None
) -> _Decorator:
    """Make a partitioned config of a function that takes a partition key and returns its run config.

    Args:
        partitions_def: A partitions definition of any class.
        tags_for_partition_key_fn: Makes the tags of a run from the key.

    Example:
        >>> from dagflow import MultiPartitionKey, MultiPartitionsDefinition, StaticPartitionsDefinition
        >>> one = StaticPartitionsDefinition(["1"])
        >>> @partitioned_config(MultiPartitionsDefinition({"a": one, "b": one}))
        ... def pair(key):
        ...     return {"ops": {"sell": {"config": key}}}
        >>> pair.get_partition_keys()
        ['1|1']
    """

    def decorate(fn: Callable[..., Any]) -> PartitionedConfig:
        return PartitionedConfig(
            partitions_def,
            decorated_fn=_check_parameters(fn, "the partition key"),
            run_config_for_partition_key_fn=fn,
            tags_for_partition_key_fn=tags_for_partition_key_fn,
        )

    return decorate


def static_partitioned_config(
    partition_keys: Sequence[str],
    tags_for_partition_fn: _TagsOfKey | None = None,
    tags_for_partition_key_fn: _TagsOfKey | None = None,
) -> _Decorator:
    """Make a partitioned config with a fixed list of keys.

    The function takes a key and returns the run config.

    Args:
        partition_keys: The keys, in order.
        tags_for_partition_fn: An older name of `tags_for_partition_key_fn`.
        tags_for_partition_key_fn: Makes the tags of a run from the key.

    Raises:
        DagflowInvalidDefinitionError: A key is not unique.
        CheckError: Both functions of the tags are given.

    Example:
        >>> from dagflow import job, op, static_partitioned_config
        >>> @static_partitioned_config(["north", "south"])
        ... def by_region(key):
        ...     return {"ops": {"sell": {"config": {"region": key}}}}
        >>> @op(config_schema={"region": str})
        ... def sell(context):
        ...     return context.op_config["region"]
        >>> @job(config=by_region)
        ... def sales():
        ...     sell()
        >>> sales.execute_in_process(partition_key="south").output_for_node("sell")
        'south'
    """
    partitions_def = StaticPartitionsDefinition(partition_keys)
    return partitioned_config(partitions_def, _only_one(tags_for_partition_fn, tags_for_partition_key_fn))


def dynamic_partitioned_config(
    partition_fn: Callable[[datetime | None], Sequence[str]],
    tags_for_partition_fn: _TagsOfKey | None = None,
    tags_for_partition_key_fn: _TagsOfKey | None = None,
) -> _Decorator:
    """Make a partitioned config whose keys are returned by a function.

    The decorated function takes a key and returns the run config.

    Args:
        partition_fn: Returns the keys; receives the current time or None.
        tags_for_partition_fn: An older name of `tags_for_partition_key_fn`.
        tags_for_partition_key_fn: Makes the tags of a run from the key.

    Example:
        >>> from dagflow import dynamic_partitioned_config
        >>> @dynamic_partitioned_config(lambda now: ["corner", "station"])
        ... def by_shop(key):
        ...     return {"ops": {"sell": {"config": key}}}
        >>> by_shop.get_partition_keys()
        ['corner', 'station']
    """
    partitions_def = DynamicPartitionsDefinition(partition_fn)
    return partitioned_config(partitions_def, _only_one(tags_for_partition_fn, tags_for_partition_key_fn))


def hourly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: _TagsOfWindow | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> _Decorator:
    """Make a partitioned config with a partition for each hour. Arguments as `daily_partitioned_config`."""
    args = (start_date, None, minute_offset, timezone, fmt, end_offset, exclusions)
    return _window_decorator(HourlyPartitionsDefinition(*args), tags_for_partition_fn)


def daily_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: _TagsOfWindow | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> _Decorator:
    """Make a partitioned config with a partition for each day.

    The function takes the start and the end of a day as datetimes with a time zone, and returns the run
    config.

    Args:
        start_date: The first day, as a string in `fmt` or a datetime.
        minute_offset: The minute of the hour at which days start.
        hour_offset: The hour at which days start.
        timezone: The IANA name of a time zone; default: "UTC".
        fmt: The format of the keys, as for `strftime`.
        end_offset: The number of partitions after the last complete day; negative: fewer partitions.
        tags_for_partition_fn: Makes the tags of a run from start and end.
        exclusions: Days to leave out: the starts of days, as datetimes or cron expressions.

    Example:
        >>> from datetime import datetime
        >>> from dagflow import daily_partitioned_config
        >>> @daily_partitioned_config(start_date="2024-01-01")
        ... def by_day(start, end):
        ...     return {"ops": {"sell": {"config": {"from": start.isoformat(), "to": end.isoformat()}}}}
        >>> by_day.get_partition_keys(datetime(2024, 1, 3, 12))
        ['2024-01-01', '2024-01-02']
        >>> by_day.get_run_config_for_partition_key("2024-01-02")["ops"]["sell"]["config"]["to"]
        '2024-01-03T00:00:00+00:00'
    """
    args = (start_date, None, minute_offset, hour_offset, timezone, fmt, end_offset, exclusions)
    return _window_decorator(DailyPartitionsDefinition(*args), tags_for_partition_fn)


def weekly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: _TagsOfWindow | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> _Decorator:
    """Make a partitioned config with a partition for each week, from Sunday unless `day_offset` names another
    day. Other arguments as `daily_partitioned_config`.
    """
    args = (start_date, None, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset, exclusions)
    return _window_decorator(WeeklyPartitionsDefinition(*args), tags_for_partition_fn)


def monthly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 1,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: _TagsOfWindow | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> _Decorator:
    """Make a partitioned config with a partition for each month, from its first day unless `day_offset` names
    another. Other arguments as `daily_partitioned_config`.
    """
    args = (start_date, None, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset, exclusions)
    return _window_decorator(MonthlyPartitionsDefinition(*args), tags_for_partition_fn)


def _window_decorator(
    partitions_def: TimeWindowPartitionsDefinition, tags_of: _TagsOfWindow | None
) -> _Decorator:
    def of_window(fn: Callable[[datetime, datetime], Any]) -> _ConfigOfKey:
        return lambda key: fn(*partitions_def.time_window_for_partition_key(key))

    _check_function(tags_of, "tags_for_partition_fn", 2)

    def decorate(fn: Callable[..., Any]) -> PartitionedConfig:
        return PartitionedConfig(
            partitions_def,
            decorated_fn=_check_parameters(fn, "start", "end"),
            run_config_for_partition_key_fn=of_window(fn),
            tags_for_partition_key_fn=None if tags_of is None else of_window(tags_of),
        )

    return decorate


def _only_one(older: _TagsOfKey | None, newer: _TagsOfKey | None) -> _TagsOfKey | None:
    if older is not None and newer is not None:
        raise CheckError(
            "give tags_for_partition_key_fn without tags_for_partition_fn, which is its older name"
        )
    return newer if older is None else older


def _check_function(fn: Any, name: str, count: int = 1) -> Any:
    if fn is not None and not callable(fn):
        raise ParameterCheckError(
            f"parameter '{name}' of a PartitionedConfig must be a function, not {repr_of(fn)}"
        )
    if fn is not None and name != "decorated_fn" and not takes(fn, count):
        raise DagflowInvalidDefinitionError(
            f"parameter '{name}' of a PartitionedConfig must be a function of "
            f"{'a partition' if count == 1 else 'start and end'}. {repr_of(fn)} is not"
        )
    return fn


def _check_parameters(fn: Any, *arguments: str) -> Any:
    """Return the decorated function, if it accepts these arguments."""
    try:
        signature = inspect.signature(_check_function(fn, "decorated_fn"))
    except (TypeError, ValueError):  # as of some builtin functions
        return _check_function(fn, "run_config_for_partition_key_fn", len(arguments))
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise DagflowInvalidDefinitionError(
            f"'{name_of(fn)}' ({location(fn)}) cannot make the config of a partition: it "
            f"cannot be called with {' and '.join(arguments)}: {error}"
        ) from None
    return fn


def _call_with_partition(fn: Callable[[Partition], Any], key: str) -> Any:
    return fn(Partition(key))


def _adapt_to_key(fn: Any, name: str) -> Any:
    """Return a function of a partition key that passes a Partition to `fn`."""
    return None if _check_function(fn, name) is None else wraps(fn)(WithFirst(_call_with_partition, fn))
