"""Partitioned assets that read each other through an I/O manager, run by run: descriptions and strategies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from program import program
from source_code import HEAD, arguments, braced, indented, key_of, listed, text

STATIC = "dg.StaticPartitionsDefinition(['x', 'y', 'z'])"
SMALL = "dg.StaticPartitionsDefinition(['x', 'y'])"
DAILY = "dg.DailyPartitionsDefinition(start_date='2024-01-01', end_date='2024-01-05')"
HOURLY = "dg.HourlyPartitionsDefinition(start_date='2024-01-01-00:00', end_date='2024-01-02-00:00')"
MULTI = f"dg.MultiPartitionsDefinition({{'day': {DAILY}, 'part': {SMALL}}})"
KEYS = {
    STATIC: ("'x'", "'y'", "'z'"),
    SMALL: ("'x'", "'y'"),
    DAILY: ("'2024-01-01'", "'2024-01-02'", "'2024-01-03'"),
    HOURLY: ("'2024-01-01-00:00'", "'2024-01-01-05:00'"),
    MULTI: ("'2024-01-01|x'", "'2024-01-02|y'", "dg.MultiPartitionKey({'part': 'x', 'day': '2024-01-02'})"),
}
YESTERDAY = "dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)"
RECORDER = """
class Store(dg.IOManager):
    def __init__(self):
        self.values = {}

    def handle_output(self, context, value):
        keys = context.asset_partition_keys if context.has_asset_partitions else [None]
        trace.append(f'store {context.asset_key.path} {sorted(map(str, keys))} {value}')
        for key in keys:
            self.values[tuple(context.asset_key.path), key] = value

    def load_input(self, context):
        path, upstream = tuple(context.asset_key.path), context.upstream_output
        trace.append(f'load {path} {context.has_asset_partitions} {upstream.asset_key.path}')
        if not context.has_asset_partitions:
            return self.values[path, None]
        keys = list(context.asset_partition_keys)
        trace.append(f'keys {sorted(keys)} {type(context.asset_partitions_def).__name__}')
        return {key: self.values.get((path, key)) for key in sorted(keys)}

store = Store()
"""
FILES = """
import json
import tempfile

class Files(dg.UPathIOManager):
    extension = '.json'

    def dump_to_path(self, context, obj, path):
        trace.append(f'dump {path.name}')
        path.write_text(json.dumps(obj))

    def load_from_path(self, context, path):
        value = json.loads(path.read_text())
        trace.append(f'load {path.relative_to(folder.name)}')
        return value

folder = tempfile.TemporaryDirectory()
store = Files(__import__('upath').UPath(folder.name))
"""
PICKLES = """
import tempfile

folder = tempfile.TemporaryDirectory()
store = dg.FilesystemIOManager(base_dir=folder.name)
"""
STORES = (RECORDER, FILES, PICKLES)


@dataclass(frozen=True)
class Reading:
    """A dependency on an earlier asset, or on the asset itself."""

    key: str
    mapping: str | None = None
    loads: bool = True  # otherwise an order without a value
    may_miss: bool = False


@dataclass(frozen=True)
class StoredAsset:
    """An asset whose value is stored for each partition."""

    name: str
    partitions: str | None = None
    readings: tuple[Reading, ...] = ()
    range_at_once: bool = False  # a backfill policy of a single run


@dataclass(frozen=True)
class StoredRun:
    """A run of some assets, for a partition or a range."""

    names: tuple[str, ...]
    key: str | None = None
    end: str | None = None


@dataclass(frozen=True)
class Storing:
    """Assets, an I/O manager, and runs one after another."""

    store: str
    assets: tuple[StoredAsset, ...]
    runs: tuple[StoredRun, ...]

    def outputs(self) -> list[tuple[str, str]]:
        """Return each node with its output."""
        return [(asset.name, "result") for asset in self.assets]


@program.register
def _(storing: Storing) -> str:
    lines = [*HEAD, *storing.store.strip().splitlines(), ""]
    for asset in storing.assets:
        lines += [*_asset(asset), ""]
    every = f"[{', '.join(asset.name for asset in storing.assets)}]"
    calls = []
    for run in storing.runs:
        given = {"selection": repr(list(run.names)), "partition_key": None if run.end else run.key}
        if run.end:
            bounds = zip(("start", "end"), (run.key, run.end), strict=True)
            tags = (f"'dagflow/asset_partition_range_{name}': {key}" for name, key in bounds)
            given["tags"] = braced(tags)
        given["resources"] = "{'io_manager': store}"
        calls.append(f"dg.materialize({every}, {arguments(given)}, **arguments)")
    calls[-1] = f"return {calls[-1]}"
    return text([*lines, "", "def run(**arguments):", *indented(calls)])


def _asset(asset: StoredAsset) -> Iterator[str]:
    ins, deps = [], []
    for reading in asset.readings:
        mapping = {"partition_mapping": reading.mapping}
        if not reading.loads:
            deps.append(f"dg.AssetDep({', '.join(filter(None, [key_of(reading.key), arguments(mapping)]))})")
            continue
        metadata = {"metadata": "{'allow_missing_partitions': True}" if reading.may_miss else None}
        given = {"key": key_of(reading.key)} | mapping | metadata
        ins.append(f"'of_{reading.key}': dg.AssetIn({arguments(given)})")
    settings = {
        "partitions_def": asset.partitions,
        "ins": braced(ins),
        "deps": listed(deps),
        "backfill_policy": "dg.BackfillPolicy.single_run()" if asset.range_at_once else None,
    }
    loaded = [f"of_{reading.key}" for reading in asset.readings if reading.loads]
    yield f"@dg.asset({arguments(settings)})"
    yield f"def {asset.name}({', '.join(['context', *loaded])}):"
    yield from indented([f"trace.append(f'{asset.name} reads {{{name}}}')" for name in loaded])
    yield f"    return [{', '.join([repr(asset.name), *(f'str({name})' for name in loaded)])}]"


# --- strategies

FEATURES = ["deps", "mappings", "self", "ranges", "missing", "mixed", "unpartitioned"]


@st.composite
def storings(draw: st.DrawFn) -> Storing:
    """Draw one to four assets of one or two kinds of partitions, and one to three runs."""
    features = frozenset(draw(st.sets(st.sampled_from(FEATURES))))

    def flip(feature: str) -> bool:
        return feature in features and draw(st.booleans())

    main = draw(st.sampled_from(list(KEYS)))
    assets: list[StoredAsset] = []
    while len(assets) < 4 and (not assets or draw(st.integers(0, 4)) > 0):
        sources = {asset.name: asset.partitions for asset in assets}
        partitions: str | None = draw(st.sampled_from(list(KEYS))) if flip("mixed") else main
        if flip("unpartitioned"):
            partitions = None
        name = "abcd"[len(assets)]
        read = draw(st.lists(st.sampled_from(list(sources)), max_size=2, unique=True)) if sources else []
        readings = [
            Reading(
                key,
                draw(st.sampled_from(_mappings(sources[key], partitions))) if flip("mappings") else None,
                not flip("deps"),
                flip("missing"),
            )
            for key in read
        ]
        if flip("self") and partitions in (DAILY, HOURLY):
            readings.append(Reading(name, YESTERDAY, not flip("deps"), flip("missing")))
        assets.append(StoredAsset(name, partitions, tuple(readings), flip("ranges")))
    runs = [_run(draw, assets, main, flip("ranges")) for _ in range(draw(st.integers(1, 3)))]
    return Storing(draw(st.sampled_from(STORES)), tuple(assets), tuple(runs))


def _mappings(upstream: str | None, downstream: str | None) -> list[str | None]:
    """Return the mappings that fit the partitions of two assets."""
    if upstream is None:
        return [None]
    found = [None, "dg.AllPartitionMapping()", "dg.LastPartitionMapping()"]
    if upstream in (STATIC, SMALL):
        found.append("dg.SpecificPartitionsPartitionMapping(['x'])")
    if upstream == downstream:
        found.append("dg.IdentityPartitionMapping()")
    if upstream == downstream and upstream in (STATIC, SMALL):
        found.append("dg.StaticPartitionMapping({'x': 'y', 'y': ['x', 'y']})")
    if upstream in (DAILY, HOURLY) and downstream in (DAILY, HOURLY):
        found += [YESTERDAY, "dg.TimeWindowPartitionMapping(start_offset=-1)"]
    if (upstream == MULTI) != (downstream == MULTI) and {upstream, downstream} & {DAILY, SMALL}:
        found.append("dg.MultiToSingleDimensionPartitionMapping()")
    return found


def _run(draw: st.DrawFn, assets: list[StoredAsset], main: str, is_range: bool) -> StoredRun:
    names = draw(st.lists(st.sampled_from(assets), min_size=1, unique=True))
    chosen = [asset for asset in assets if asset in names]
    partitions = next((asset.partitions for asset in chosen if asset.partitions), None)
    run = StoredRun(tuple(asset.name for asset in chosen))
    if partitions is None:
        return run
    keys = KEYS[partitions]
    first = draw(st.integers(0, len(keys) - 1))
    run = replace(run, key=keys[first])
    if is_range and partitions != MULTI:
        run = replace(run, end=keys[draw(st.integers(first, len(keys) - 1))])
    return run
