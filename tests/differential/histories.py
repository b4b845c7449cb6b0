"""A small language for histories of evaluations, which dagflow and the reference both run.

Definitions, separated by `;`: `KIND NAME(DEPS)@PARTITIONS = CONDITION`. All but the name is optional. The
kind is `external`, `source` (observed), `check` or `gate` (of its dependency; a gate blocks) or `asset`. A
dependency `a-1` is one on the window before. Partitions are the names of `PARTITIONS`. A condition is Python,
with the static methods of AutomationCondition as names.

A history has words, a minute apart, from 2024-01-10 00:00 on:

    E, E0, E:b   an evaluation; without the cursor; of a selection
    +a, +a:KEY   a materialization; `*` stands for all partitions
    a=v1         an observation, or the materialization of a version if `a` is no source
    a!c, a?c     a check passes, or fails
    run:a,b      a run of assets; `fail:b` one in which b fails; `run:b{+a,E}` one in which b does this;
                 `tag:b` one with the tag t; `run:b:KEY` one of a partition
    wipe:a       the asset is wiped
    add:q        a key of the dynamic partitions
    code:2       another code version of all assets
    @11, @01:05  the day of the month or the time of the next word
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

START = datetime(2024, 1, 10, tzinfo=timezone.utc)
PARTITIONS: dict[str, Callable[[Any], Any]] = {
    "daily": lambda api: api.DailyPartitionsDefinition("2024-01-01"),
    "daily7": lambda api: api.DailyPartitionsDefinition("2024-01-07"),
    "ended": lambda api: api.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05"),
    "hourly": lambda api: api.HourlyPartitionsDefinition("2024-01-09-00:00"),
    "xy": lambda api: api.StaticPartitionsDefinition(["x", "y"]),
    "towns": lambda api: api.DynamicPartitionsDefinition(name="towns"),
    "both": lambda api: api.MultiPartitionsDefinition(
        {"day": PARTITIONS["daily"](api), "town": PARTITIONS["xy"](api)}
    ),
}
_ITEM = re.compile(r"(?:(external|source|check|gate|asset) )?(\w+)(?:\(([^)]*)\))?(?:@(\w+))?(?: = (.*))?$")


class World:
    """The definitions, the instance and the time of a history.

    Args:
        api: The module dagflow, or the reference.
        definitions: The definitions, in the language of this module.
        is_stored: Whether each cursor is stored and read again.
    """

    def __init__(self, api: Any, definitions: str, *, is_stored: bool = False) -> None:
        self.api = api
        self.items = [_match(text.strip()) for text in definitions.split(";")]
        self.is_stored = is_stored
        own = "Dagflow" if api.__name__ == "dagflow" else "Dagster"
        self.tag = own.lower()
        self.instance = getattr(api, f"{own}Instance").ephemeral()
        self.behaviour: dict[str, Callable[[], None]] = {}
        self.partitions = {name: build(api) for name, build in PARTITIONS.items()}
        self.code: str | None = None
        self.defs = self._defs()
        self.cursor: Any = None
        self.moment = START
        self.is_set = True
        self.found: list[str] = []

    def run(self, history: str) -> str:
        """Return the requests of all evaluations of a history. A world has only one history."""
        with warnings.catch_warnings(), mock.patch.object(time, "time", self._now):
            warnings.simplefilter("ignore")
            with self.instance:  # else its temporary folder is removed late, with a warning
                self._do_all(history.split())
        return ", ".join(self.found)

    def _do_all(self, words: list[str]) -> None:
        for word in words:
            self._do(word)

    def _now(self) -> float:
        return self.moment.timestamp()

    def _do(self, word: str) -> None:
        if word.startswith("@"):
            self._set(word[1:])
            return
        if not self.is_set:
            self.moment += timedelta(minutes=1)
        self.is_set = False
        head, _, rest = word.partition(":")
        if word[0] == "E":
            self._evaluate(head, rest)
        elif head in ("run", "fail", "tag", "wipe", "add", "code"):
            getattr(self, f"_{head}")(rest)
        elif word[0] == "+":
            self._materialize(head[1:], rest)
        else:
            name, sign, value = re.split(r"([=!?])", word, maxsplit=1)
            self._report(name, sign, value)

    def _set(self, text: str) -> None:
        if ":" in text:
            hour, minute, *second = map(int, text.split(":"))
            self.moment = self.moment.replace(hour=hour, minute=minute, second=second[0] if second else 0)
        else:
            self.moment = self.moment.replace(day=int(text), hour=0, minute=0, second=0)
        self.is_set = True

    def _evaluate(self, head: str, names: str) -> None:
        selection = self.api.AssetSelection.assets(*names.split(",")) if names else None
        if head == "E0":
            self.cursor = None
        if self.is_stored and self.cursor is not None:
            self.cursor = self.api.deserialize_value(self.api.serialize_value(self.cursor))
        result = self.api.evaluate_automation_conditions(
            self.defs, self.instance, selection, evaluation_time=self.moment, cursor=self.cursor
        )
        self.cursor = result.cursor
        requested = {_name(one.key): _keys(one.true_subset) for one in result.results if one.true_subset.size}
        found = [name + (f":{keys}" if keys else "") for name, keys in sorted(requested.items())]
        self.found.append(" ".join(found) or ".")

    def _materialize(self, name: str, key: str) -> None:
        definition = self._item(name)[3]
        keys: list[str | None] = [_partition(key)]
        if key == "*":
            keys = list(self.partitions[definition].get_partition_keys(current_time=self.moment))
        for one in keys:
            self.instance.report_runless_asset_event(self.api.AssetMaterialization(name, partition=one))

    def _report(self, name: str, sign: str, value: str) -> None:
        api = self.api
        if sign in "!?":
            key = api.AssetKey(name)
            event = api.AssetCheckEvaluation(asset_key=key, check_name=value, passed=sign == "!", metadata={})
        else:
            tags = {f"{self.tag}/data_version": value}
            event_type = api.AssetObservation if self._item(name)[0] == "source" else api.AssetMaterialization
            event = event_type(name, tags=tags)
        self.instance.report_runless_asset_event(event)

    def _run(self, text: str) -> None:
        names, _, inside = text.partition("{")
        if inside:
            words = inside.rstrip("}").split(",")
            self.behaviour[names] = lambda: self._do_all(words)
        self._execute(names)

    def _fail(self, text: str) -> None:
        self.behaviour[text.partition(":")[0]] = _raise
        self._execute(text)

    def _tag(self, text: str) -> None:
        self._execute(text, {"t": "1"})

    def _execute(self, text: str, tags: dict[str, str] | None = None) -> None:
        names, _, key = text.partition(":")
        defs = self.defs
        job = getattr(defs, "resolve_implicit_global_asset_job_def", None) or (
            defs.get_implicit_global_asset_job_def
        )
        keys = [self.api.AssetKey(name) for name in names.split(",")]
        job().execute_in_process(
            instance=self.instance,
            asset_selection=keys,
            raise_on_error=False,
            partition_key=_partition(key),
            tags=tags,
        )
        self.behaviour.clear()

    def _wipe(self, name: str) -> None:
        self.instance.wipe_assets([self.api.AssetKey(name)])

    def _add(self, key: str) -> None:
        self.instance.add_dynamic_partitions("towns", [key])

    def _code(self, version: str) -> None:
        self.code = version
        self.defs = self._defs()

    def _item(self, name: str) -> tuple[str, ...]:
        return next(item for item in self.items if item[1] == name)

    def _defs(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = [self._definition(*item) for item in self.items]
            checks = [one for one, item in zip(made, self.items, strict=True) if item[0] in ("check", "gate")]
            return self.api.Definitions([one for one in made if one not in checks], asset_checks=checks)

    def _definition(self, kind: str, name: str, deps: str, partitions: str, condition: str) -> Any:
        api = self.api
        facts: dict[str, Any] = {"automation_condition": self.condition_of(condition)}
        parents = [self._dep(dep.strip()) for dep in deps.split(",")] if deps else []
        if kind in ("check", "gate"):
            check = api.asset_check(asset=deps, name=name, blocking=kind == "gate", **facts)
            return check(lambda: api.AssetCheckResult(passed=True))
        if partitions:
            facts["partitions_def"] = self.partitions[partitions]
        if kind == "external":
            return api.AssetSpec(name, deps=parents, **facts)
        if kind == "source":
            return api.observable_source_asset(name=name, **facts)(lambda: api.DataVersion("v"))
        behave = self.behaviour

        def compute() -> None:
            behave.get(name, lambda: None)()

        return api.asset(name=name, deps=parents, code_version=self.code, **facts)(compute)

    def _dep(self, text: str) -> Any:
        name, minus, offset = text.partition("-")
        if not minus:
            return name
        mapping = self.api.TimeWindowPartitionMapping(start_offset=-int(offset), end_offset=-int(offset))
        return self.api.AssetDep(name, partition_mapping=mapping)

    def condition_of(self, text: str) -> Any:
        """Return the condition of a definition; None without one."""
        if not text:
            return None
        names = self.api.AutomationCondition
        known = {name: getattr(names, name) for name in dir(names) if not name.startswith("_")}
        known |= {"assets": self.api.AssetSelection.assets, "timedelta": timedelta}
        return eval(text, known)


def _match(text: str) -> tuple[str, str, str, str, str]:
    found = _ITEM.match(text)
    assert found, f"not a definition: {text}"
    kind, name, deps, partitions, condition = (group or "" for group in found.groups())
    return kind or "asset", name, deps, partitions, condition


def _partition(key: str) -> str | None:
    return f"2024-{key}" if re.match(r"\d\d-\d\d", key) else key or None


def _name(key: Any) -> str:
    return getattr(key, "name", None) or getattr(key, "job_name", None) or str(key.path[-1])


def _keys(subset: Any) -> str:
    if not subset.is_partitioned:
        return ""
    keys = subset.expensively_compute_partition_keys()
    return "+".join(sorted(str(key).removeprefix("2024-") for key in keys))


def _raise() -> None:
    raise ValueError
