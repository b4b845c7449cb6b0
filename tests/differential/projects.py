"""Projects of assets of every kind and their checks, and one to two runs of parts of them.

A project is drawn with one or several subjects, so that each subject is also tested alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import checks
import graph_assets
import observables
import producers
from hypothesis import strategies as st
from producers import source
from program import program
from source_code import HEAD, arguments, indented, key_of, listed, text

Part = Any  # a class with a case of `source`


@dataclass(frozen=True)
class Run:
    """A run of a part of a project."""

    how: str = "memory"  # or "materialize", "job", "implicit"
    selection: str | None = None
    partition_key: str | None = None


@dataclass(frozen=True)
class Project:
    """Definitions, and the runs of them, one after another."""

    parts: tuple[Part, ...]
    runs: tuple[Run, ...] = (Run(),)

    def outputs(self) -> list[tuple[str, str]]:
        """Return each node with each of its outputs."""
        return [output for part in self.parts for output in part.outputs()]


@program.register
def _(project: Project) -> str:
    lines = list(HEAD)
    for part in project.parts:
        lines += [*source(part), ""]
    is_check = (checks.Check, checks.MultiCheck)
    names = [part.name for part in project.parts]
    lines.append("store = dg.InMemoryIOManager()")
    if any(run.how in ("job", "implicit") for run in project.runs):
        jobs = [
            f"dg.define_asset_job('job_{number}', {arguments({'selection': run.selection})})"
            for number, run in enumerate(project.runs)
            if run.how == "job"
        ]
        settings = {
            "assets": listed(part.name for part in project.parts if not isinstance(part, is_check)),
            "asset_checks": listed(part.name for part in project.parts if isinstance(part, is_check)),
            "jobs": listed(jobs),
            "resources": "{'io_manager': store}",
        }
        lines.append(f"defs = dg.Definitions({arguments(settings)})")
        lines.append("dg.Definitions.validate_loadable(defs)")
    calls = [_call(number, run, names) for number, run in enumerate(project.runs)]
    calls[-1] = f"return {calls[-1]}"
    return text([*lines, "", "def run(**arguments):", *indented(calls)])


def _call(number: int, run: Run, names: list[str]) -> str:
    given = {"selection": run.selection, "partition_key": run.partition_key}
    every = f"[{', '.join(names)}]"
    match run.how:
        case "memory":
            return f"dg.materialize_to_memory({every}, {_with(given)})"
        case "materialize":
            return f"dg.materialize({every}, {_with(given | {'resources': '''{'io_manager': store}'''})})"
        case "job":
            job = f"defs.get_job_def('job_{number}')"
        case _:
            job = "defs.get_implicit_global_asset_job_def()"
    return f"{job}.execute_in_process({_with({'partition_key': run.partition_key})})"


def _with(given: dict[str, str | None]) -> str:
    return ", ".join(filter(None, [arguments(given), "**arguments"]))


# --- strategies

KEYS = ("a", "b", "c1", "d", "e", "f", "Z")
STATIC = "dg.StaticPartitionsDefinition(['x', 'y'])"


@st.composite
def projects(draw: st.DrawFn, subjects: tuple[str, ...]) -> Project:
    """Draw a project of at most five definitions about some of the subjects."""
    features = frozenset(draw(st.sets(st.sampled_from(_features(subjects)))))
    partitions = STATIC if "partitions" in features else None
    keys = [f"p/{key}" if "prefixes" in features and draw(st.booleans()) else key for key in KEYS]
    parts: list[Part] = []
    known: list[str] = []
    divided: dict[str, str] = {}
    while len(parts) < 5 and (not parts or draw(st.integers(0, 4)) > 0):
        subject = draw(st.sampled_from([s for s in subjects if s != "checks" or known] or ["assets"]))
        count = (
            draw(st.integers(1, 3)) if subject in ("multi", "graphs") or draw(st.integers(0, 3)) == 3 else 1
        )
        taken, number = tuple(keys[:count]), len(parts)
        if subject == "checks":
            parts.append(draw(checks.checks(f"check_{number}", known, features, divided)))
            continue
        if not taken:
            break
        if subject == "sources":
            parts.append(draw(observables.sources(f"source_{number}", taken, features)))
        else:
            taken = taken[:1] if subject == "assets" else taken
            has_partitions = partitions if draw(st.booleans()) else None
            made = graph_assets.graph_assets if subject == "graphs" else producers.producers
            parts.append(draw(made(f"made_{number}", taken, known, features, has_partitions)))
            divided |= dict.fromkeys(taken, has_partitions) if has_partitions else {}
        known += taken
        del keys[: len(taken)]
    runs = tuple(_run(draw, parts, known, bool(divided)) for _ in range(draw(st.integers(1, 2))))
    return Project(tuple(parts), runs)


def _features(subjects: tuple[str, ...]) -> list[str]:
    found = dict.fromkeys(["partitions", "prefixes"])
    if "assets" in subjects or "multi" in subjects:
        found |= dict.fromkeys(producers.FEATURES)
    if "checks" in subjects:
        found |= dict.fromkeys(checks.FEATURES)
    if "graphs" in subjects:
        found |= dict.fromkeys(graph_assets.FEATURES)
    if "sources" in subjects:
        found |= dict.fromkeys(observables.FEATURES)
    return list(found)


def _run(draw: st.DrawFn, parts: list[Part], known: list[str], is_partitioned: bool) -> Run:
    how = draw(st.sampled_from(["memory", "materialize", "job", "implicit"]))
    selection = draw(selections(parts, known)) if how != "implicit" and draw(st.booleans()) else None
    key = draw(st.sampled_from(["'x'", "'y'", None])) if is_partitioned else None
    return Run(how, selection, key)


def selections(parts: list[Part], known: list[str]) -> st.SearchStrategy[str]:
    """Return a strategy for selections of assets and checks, as code."""
    names = st.sampled_from(known)
    assets = names.map(lambda key: f"dg.AssetSelection.assets({key_of(key)})")
    of_assets = names.map(lambda key: f"dg.AssetSelection.checks_for_assets({key_of(key)})")
    objects = st.one_of(assets, assets, of_assets, st.just("dg.AssetSelection.all()"))
    wider = st.sampled_from(
        ["upstream()", "downstream()", "without_checks()", "required_multi_asset_neighbors()", "roots()"]
    )
    return st.one_of(
        names.map(lambda key: repr(key)),
        names.map(lambda key: f"'*{key}'"),
        names.map(lambda key: f"'{key}+'"),
        names.map(lambda key: f"'not key:\"{key}\"'"),
        st.just("'group:g'"),
        st.just("'*'"),
        st.lists(names, min_size=1, max_size=2).map(lambda keys: repr(keys)),
        objects,
        st.builds("{}.{}".format, objects, wider),
        st.builds("{} {} {}".format, objects, st.sampled_from("|-&"), objects),
    )
