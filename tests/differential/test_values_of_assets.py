"""Conditions, policies and data versions of assets against the installed Dagster."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import Any

import pytest

import dagflow

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")

CONDITIONS = [
    *("missing()", "in_progress()", "execution_failed()", "newly_updated()", "newly_requested()"),
    *("newly_missing()", "initial_evaluation()", "code_version_changed()", "data_version_changed()"),
    *("will_be_requested()", "check_passed()", "check_failed()", "executed_with_root_target()"),
    *("any_deps_updated()", "any_deps_missing()", "any_deps_in_progress()", "any_downstream_conditions()"),
    *(
        "all_deps_blocking_checks_passed()",
        "eager()",
        "on_missing()",
        "on_cron('0 9 * * *', 'Europe/Berlin')",
    ),
    *("cron_tick_passed('@daily')", "all_deps_updated_since_cron('0 9 * * *')"),
    *("in_latest_time_window()", "in_latest_time_window(timedelta(hours=1))"),
    *("executed_with_tags(tag_keys={'b', 'a'}, tag_values={'x': 'y'})",),
    *("any_new_update_has_run_tags(tag_keys={'a'})", "all_new_updates_have_run_tags(tag_values={'a': 'b'})"),
    *("any_deps_match(A.missing())", "all_deps_match(A.missing())", "asset_matches(['a', 'b'], A.missing())"),
    *("any_checks_match(A.check_failed(), blocking_only=True)", "all_checks_match(A.check_passed())"),
    *("all_job_root_assets_match(A.missing())", "any_job_root_assets_match(A.missing())"),
    *("missing().since(A.newly_updated())", "missing().newly_true()", "missing().since_last_handled()"),
    *("missing().with_label('x') & A.newly_updated() & A.newly_requested()",),
    *("newly_requested() | (A.missing() | A.newly_updated())", "missing() & ~A.newly_updated()"),
    *("eager().replace('newly_missing', A.missing())", "eager().without(~A.any_deps_missing())"),
    *("on_missing().replace('handled', A.newly_updated())",),
    *("eager().allow(library.AssetSelection.assets('a'))",),
    *("any_deps_match(A.missing()).ignore(library.AssetSelection.groups('g'))",),
]


def described(condition: Any) -> tuple[Any, ...]:
    """Return the name, label and description of a condition and of all conditions in it."""
    parts = [described(part) for part in condition.children]
    return condition.name, condition.get_label(), condition.description, parts


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions(text: str) -> None:
    """The same expression gives a condition of the same parts."""
    both = []
    for library in (reference, dagflow):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            names = {"A": library.AutomationCondition, "library": library, "timedelta": timedelta}
            both.append(described(eval(f"A.{text}", names)))

    assert both[0] == both[1]


def versions(library: Any) -> list[tuple[str, str | None, dict[str, str]]]:
    """Return the key, the partition and the tags of each materialization of a few runs.

    A pointer to an event is the number of that materialization, because other events have ids too.
    """
    parts = library.StaticPartitionsDefinition(["p", "q"])

    @library.asset(code_version="1")
    def zebra() -> int:
        return 1

    @library.asset(code_version="1")
    def ant():  # type: ignore[no-untyped-def] # the annotation would be the type of the output
        return library.Output(1, data_version=library.DataVersion("mine"), tags={"k": "v"})

    @library.asset(code_version="2")
    def both(zebra: int, ant: int) -> int:
        return 1

    @library.asset(code_version="3", deps=[both, "elsewhere"])
    def end():  # type: ignore[no-untyped-def]
        return library.MaterializeResult(tags={"k": "v"})

    @library.asset(code_version="1", partitions_def=parts)
    def up() -> int:
        return 1

    @library.asset(code_version="2", partitions_def=parts)
    def down(up: int) -> int:
        return 1

    @library.asset(code_version="3", deps=[up])
    def whole() -> int:
        return 1

    prefix = library.__name__.capitalize()
    with getattr(library, f"{prefix}Instance").ephemeral() as instance:
        every = [zebra, ant, both, end]
        results = [
            library.materialize(every, instance=instance),
            library.materialize(every, instance=instance, selection=["both"]),
            library.materialize([up, down], instance=instance, partition_key="p"),
            library.materialize([up, whole], instance=instance, selection=["whole"]),
            library.materialize([up, down], instance=instance, partition_key="q"),
            library.materialize([up, whole], instance=instance, selection=["whole"]),
        ]
        of_type = getattr(library, f"{prefix}EventType").ASSET_MATERIALIZATION
        records = instance.get_event_records(library.EventRecordsFilter(of_type), ascending=True)
        numbers = {str(record.storage_id): str(number) for number, record in enumerate(records)}
    found = []
    for result in results:
        for event in result.all_events:
            if event.event_type_value == "ASSET_MATERIALIZATION":
                made = event.step_materialization_data.materialization
                tags = {
                    name.partition("/")[2] or name: numbers.get(value, value)
                    for name, value in made.tags.items()
                }
                found.append((made.asset_key.to_user_string(), made.partition, tags))
    return found


def test_data_versions() -> None:
    """The same runs give the same versions and pointers to events."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = versions(reference)

    assert versions(dagflow) == theirs
