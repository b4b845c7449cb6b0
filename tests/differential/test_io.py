"""Tests of random assets, partitions, I/O managers and runs: the reference and dagflow store the same."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import profiles
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import dagflow
import dagflow.io.branching
import dagflow.io.db

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")
pytest.importorskip("upath", reason="it is not installed: pip install -e '.[upath]'")

examples = profiles.examples(
    10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Asset(NamedTuple):
    """The description of an asset.

    `mapping` is a number of the upstream partitions that each input reads: None for the default mapping.
    `result` is "value", "none" (a None), "nothing" (of type Nothing) or "metadata" (an Output with metadata).
    """

    key: str
    is_partitioned: bool
    deps: tuple[str, ...]
    mapping: int | None
    may_miss: bool
    result: str


class Run(NamedTuple):
    """The description of a run: the selected assets, and the first and last partition."""

    selected: tuple[str, ...]
    first: int
    last: int


class Program(NamedTuple):
    """The description of assets and runs.

    `partitions` is "static", "odd" (with unusual keys), "daily", "dynamic" or "multi". `manager` is "files",
    "folders" (files without extension), "async", "story", "tables" or "branch".
    """

    partitions: str
    manager: str
    assets: tuple[Asset, ...]
    runs: tuple[Run, ...]


KEYS = ("a", "x/b", "c", "y/c", "d")
PARTITIONS = ["static", "odd", "daily", "dynamic", "multi"]
MANAGERS = ["files", "folders", "async", "story", "tables", "branch"]


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw assets, each with dependencies on earlier ones, and runs of some of them."""
    assets: list[Asset] = []
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=1, max_size=4)):
        # the reference looks for a file of an asset of type Nothing; dagflow reads None
        known = [asset.key for asset in assets if asset.result != "nothing"]
        assets.append(
            Asset(
                key,
                draw(st.sampled_from([True, True, False])),
                tuple(draw(st.lists(st.sampled_from(known), unique=True, max_size=2))) if known else (),
                draw(st.sampled_from([None, None, 0, 1, 2])),
                draw(st.booleans()),
                draw(st.sampled_from(["value", "value", "value", "none", "nothing", "metadata"])),
            )
        )
    keys = [asset.key for asset in assets]
    runs = st.builds(
        Run,
        st.lists(st.sampled_from(keys), unique=True, min_size=1).map(tuple),
        st.integers(0, 2),
        st.integers(0, 2),
    )
    return Program(
        draw(st.sampled_from(PARTITIONS)),
        draw(st.sampled_from(MANAGERS)),
        tuple(assets),
        tuple(draw(st.lists(runs, min_size=1, max_size=4))),
    )


def name_of(error: BaseException) -> str:
    """Return the name of the class of an error as it is in dagflow."""
    return type(error).__name__.replace("Dagster", "Dagflow")


def partitions_of(library: Any, sort: str) -> Any:
    """Return the partitions definition of a program."""
    if sort == "daily":
        return library.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04")
    if sort == "dynamic":
        return library.DynamicPartitionsDefinition(name="regions")
    static = library.StaticPartitionsDefinition(["a b", "x/y", "/z"] if sort == "odd" else ["a.b", "b", "c"])
    if sort == "multi":
        days = library.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-02")
        return library.MultiPartitionsDefinition({"region": static, "day": days})
    return static


def files_of(library: Any, folder: Path, sort: str) -> Any:
    """Return an I/O manager with JSON files."""
    from upath import UPath

    class Files(library.UPathIOManager):  # type: ignore[misc, name-defined]
        extension = None if sort == "folders" else ".json"

        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            path.write_text(json.dumps(obj))

        def load_from_path(self, context: Any, path: Any) -> Any:
            return json.loads(path.read_text())

        def get_metadata(self, context: Any, obj: Any) -> Any:
            return {"size": len(json.dumps(obj))}

    class AsyncFiles(Files):
        async def load_from_path(self, context: Any, path: Any) -> Any:
            return json.loads(path.read_text())

    return (AsyncFiles if sort == "async" else Files)(UPath(folder))


def story_of(library: Any, story: list[str], word: str) -> Any:
    """Return an I/O manager that keeps values in memory and records the partitions of its contexts."""

    class Story(library.IOManager):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.values: dict[Any, Any] = {}

        def note(self, verb: str, context: Any) -> list[tuple[str, ...]]:
            keys = sorted(map(str, context.asset_partition_keys)) if context.has_asset_partitions else None
            story.append(
                f"{word} {verb} {context.asset_key.to_user_string()} {context.has_partition_key} {keys}"
            )
            path = tuple(context.asset_key.path)
            return [path] if keys is None else [(*path, key) for key in keys]

        def handle_output(self, context: Any, obj: Any) -> None:
            for key in self.note("stores", context):
                self.values[key] = obj
            context.add_output_metadata({"place": word})

        def load_input(self, context: Any) -> Any:
            upstream = context.upstream_output
            story.append(f"{word} upstream {upstream.name} {upstream.step_key} {sorted(upstream.metadata)}")
            found = [self.values[key] for key in self.note("loads", context)]
            return found[0] if len(found) == 1 else dict(enumerate(found))

    return Story()


def tables_of(library: Any, story: list[str]) -> Any:
    """Return an I/O manager of tables, whose client and handler record their calls."""
    if library is dagflow:
        db: Any = dagflow.io.db
    else:
        from dagster._core.storage import db_io_manager as db

    class Client(db.DbClient):  # type: ignore[misc, name-defined]
        @staticmethod
        @contextmanager
        def connect(context: Any, table_slice: Any) -> Iterator[dict[str, Any]]:
            yield tables

        @staticmethod
        def ensure_schema_exists(context: Any, table_slice: Any, connection: Any) -> None:
            story.append(f"schema {table_slice.schema}")

        @staticmethod
        def delete_table_slice(context: Any, table_slice: Any, connection: Any) -> None:
            story.append(f"delete {table_slice.table}")

        @staticmethod
        def get_select_statement(table_slice: Any) -> str:
            return f"SELECT * FROM {table_slice.table}"

    def text_of(table_slice: Any) -> str:
        parts = [
            (each.partition_expr, tuple(map(str, each.partitions)))
            if isinstance(each.partitions, tuple)
            else (each.partition_expr, tuple(sorted(each.partitions)))
            for each in table_slice.partition_dimensions
        ]
        return f"{table_slice[:4]} {parts}"

    class Handler(db.DbTypeHandler):  # type: ignore[misc, name-defined]
        supported_types = (int, dict)

        def handle_output(self, context: Any, table_slice: Any, obj: Any, connection: Any) -> Any:
            story.append(f"store {text_of(table_slice)}")
            connection[table_slice.table] = obj
            return {"rows": 1}

        def load_input(self, context: Any, table_slice: Any, connection: Any) -> Any:
            story.append(f"load {text_of(table_slice)}")
            return connection[table_slice.table]

    tables: dict[str, Any] = {}
    return db.DbIOManager(
        type_handlers=[Handler()], db_client=Client(), database="shop", default_load_type=int
    )


def manager_of(library: Any, sort: str, folder: Path, story: list[str]) -> Any:
    """Return the I/O manager of a program."""
    if sort in ("files", "folders", "async"):
        return files_of(library, folder, sort)
    if sort == "tables":
        return tables_of(library, story)
    if sort == "story":
        return story_of(library, story, "one")
    if library is dagflow:
        branching: Any = dagflow.io.branching.BranchingIOManager
    else:
        from dagster._core.storage.branching.branching_io_manager import BranchingIOManager as branching
    parent, branch = story_of(library, story, "parent"), story_of(library, story, "branch")
    parent.values = branch.values  # so that every load finds a value
    return branching(parent_io_manager=parent, branch_io_manager=branch)


def total_of(value: Any) -> int:
    """Return the sum of the numbers in a value."""
    if isinstance(value, dict):
        return sum(map(total_of, value.values()))
    return value if isinstance(value, int) else 0


def asset_of(library: Any, described: Asset, partitions_def: Any, keys: list[str]) -> Any:
    """Define an asset."""
    mapping = (
        None
        if described.mapping is None
        else library.SpecificPartitionsPartitionMapping(keys[: described.mapping])
    )
    metadata = {"allow_missing_partitions": True} if described.may_miss else {}
    ins = {
        f"in{number}": library.AssetIn(key=key.split("/"), partition_mapping=mapping, metadata=metadata)
        for number, key in enumerate(described.deps)
    }

    def compute(context: Any, **inputs: Any) -> Any:
        total = 1 + sum(map(total_of, inputs.values()))
        if described.result == "metadata":
            return library.Output(total, metadata={"given": total})
        return total if described.result == "value" else None

    if described.result == "nothing":
        compute.__annotations__["return"] = None
    names = ", ".join(["context", *ins])
    scope: dict[str, Any] = {"compute": compute}
    annotation = " -> None" if described.result == "nothing" else ""
    body = f"def made({names}){annotation}: return compute(context, {', '.join(f'{n}={n}' for n in ins)})"
    exec(body, scope)  # an input needs a parameter of its own
    expression: Any = (
        "p"
        if partitions_def is None or not hasattr(partitions_def, "partitions_defs")
        else {
            "region": "r",
            "day": "d",
        }
    )
    return library.asset(
        key=described.key.split("/"),
        ins=ins,
        partitions_def=partitions_def if described.is_partitioned else None,
        metadata={"partition_expr": expression} if described.is_partitioned else {"own": 1},
    )(scope["made"])


def play(library: Any, program: Program) -> list[str]:
    """Run a program, and return all that can be observed."""
    story: list[str] = []
    instance_class = library.DagflowInstance if library is dagflow else library.DagsterInstance
    prefix = "dagflow/" if library is dagflow else "dagster/"
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory() as folder,
        instance_class.ephemeral() as instance,
    ):
        warnings.simplefilter("ignore")
        partitions_def = partitions_of(library, program.partitions)
        instance.add_dynamic_partitions("regions", ["k", "l", "m"])
        keys = list(partitions_def.get_partition_keys(dynamic_partitions_store=instance))
        try:
            assets = [asset_of(library, each, partitions_def, keys) for each in program.assets]
        except Exception as error:
            return [f"undefined: {name_of(error)}"]
        partitioned = {each.key for each in program.assets if each.is_partitioned}
        manager = manager_of(library, program.manager, Path(folder), story)
        for run in program.runs:
            options: dict[str, Any] = {}
            first, last = sorted((run.first, run.last))
            first, last = min(first, len(keys) - 1), min(last, len(keys) - 1)
            if partitioned & {*run.selected}:
                if first == last:
                    options["partition_key"] = keys[first]
                else:
                    options["tags"] = {
                        f"{prefix}asset_partition_range_start": keys[first],
                        f"{prefix}asset_partition_range_end": keys[last],
                    }
            selection = [asset for asset in assets if asset.key.to_user_string() in run.selected]
            story.append(f"RUN {sorted(run.selected)}")
            try:
                result = library.materialize(
                    assets,
                    selection=selection,
                    resources={"io_manager": manager},
                    instance=instance,
                    **options,
                )
            except Exception as error:
                story.append(f"raised {name_of(error)}")
                continue
            for event in result.all_events:
                if event.event_type_value == "ASSET_MATERIALIZATION":
                    metadata = sorted(key.removeprefix(prefix) for key in event.materialization.metadata)
                    story.append(f"MAT {event.asset_key.to_user_string()} {event.partition} {metadata}")
                elif event.event_type_value in ("HANDLED_OUTPUT", "LOADED_INPUT"):
                    metadata = sorted(key.removeprefix(prefix) for key in event.event_specific_data.metadata)
                    story.append(f"{event.event_type_value} {event.step_key} {metadata}")
        story += [
            f"FILE {path.relative_to(folder)} {path.read_text()}"
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file()
        ]
    return [line.replace("dagster/", "dagflow/") for line in sorted_ranges(story)]


def sorted_ranges(story: list[str]) -> list[str]:
    """Return a story in which adjacent materializations of one asset are sorted: ranges have any order."""
    lines: list[str] = []
    group: list[str] = []
    for line in [*story, ""]:
        if group and line.split()[:2] != group[0].split()[:2]:
            lines += sorted(group)
            group = []
        if line.startswith("MAT "):
            group.append(line)
        elif line:
            lines.append(line)
    return lines


@examples
@given(programs())
def test_the_same_values_are_stored_and_loaded(program: Program) -> None:
    """The files, tables, calls, events and errors of a program are the same."""
    assert play(dagflow, program) == play(reference, program)
