"""Assets and multi-assets that give results of every kind: their descriptions, source code and strategies.

Keys are paths such as "a" or "p/b". A body is a list of acts, in the order in which it gives results.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from hypothesis import strategies as st
from source_code import arguments, braced, identifier, indented, key_of, listed, policy


@singledispatch
def source(part: Any) -> Iterator[str]:
    """Yield the source code of a definition."""
    raise TypeError(part)


@dataclass(frozen=True)
class Verdict:
    """An act that gives a check result."""

    check: str
    asset: str
    passed: bool = True
    warns: bool = False
    named: bool = True  # with its check and asset
    what: str = "AssetCheckResult"  # or another value, as code

    def code(self) -> str:
        """Return the result."""
        if self.what != "AssetCheckResult":
            return self.what
        given = {
            "passed": repr(self.passed),
            "asset_key": key_of(self.asset) if self.named else None,
            "check_name": repr(self.check) if self.named else None,
            "severity": "dg.AssetCheckSeverity.WARN" if self.warns else None,
            "metadata": "{'rows': 1}" if self.warns else None,
        }
        return f"dg.AssetCheckResult({arguments(given)})"


@dataclass(frozen=True)
class Give:
    """An act that gives a result for an asset."""

    key: str
    what: str = "value"  # or "Output", "MaterializeResult", "ObserveResult", "AssetMaterialization"
    named: bool = True
    value: bool = False  # whether a MaterializeResult has a value
    verdicts: tuple[Verdict, ...] = ()
    version: str | None = None


@dataclass(frozen=True)
class Raise:
    """An act that raises an error in the first attempts."""

    error: str = "ValueError('x')"
    attempts: int = 99


Act = Give | Verdict | Raise


@dataclass(frozen=True)
class Spec:
    """A check spec of an asset."""

    name: str
    asset: str
    blocking: bool = False
    deps: tuple[str, ...] = ()
    partitions: str | None = None

    def code(self) -> str:
        """Return the spec."""
        given = {
            "asset": key_of(self.asset),
            "blocking": "True" if self.blocking else None,
            "additional_deps": listed(map(key_of, self.deps)),
            "partitions_def": self.partitions,
        }
        return f"dg.AssetCheckSpec({self.name!r}, {arguments(given)})"


@dataclass(frozen=True)
class Producer:
    """An asset, or a multi-asset of outs or specs."""

    name: str
    keys: tuple[str, ...]
    style: str = "asset"  # or "outs", "specs"
    reads: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    internal: tuple[tuple[str, str], ...] = ()  # an asset, and an earlier one of the same definition
    optional: tuple[str, ...] = ()
    can_subset: bool = False
    obeys: bool = True  # gives no more than the selected assets and checks
    checks: tuple[Spec, ...] = ()
    acts: tuple[Act, ...] = ()
    manner: str = "yield"  # or "return", "tuple", "list", "None", "async"
    retries: int | None = None
    partitions: str | None = None
    group: str | None = None
    version: str | None = None

    @property
    def node(self) -> str:
        """The name of its op."""
        return identifier(self.keys[0]) if self.style == "asset" else self.name

    def outputs(self) -> list[tuple[str, str]]:
        """Return its node with the name of each output of an asset."""
        if self.style == "asset":
            return [(self.node, "result")]
        return [(self.node, self.output(key)) for key in self.keys]

    def output(self, key: str) -> str:
        """Return the name of the output of an asset."""
        return "result" if self.style == "asset" else identifier(key)


# --- source code


@source.register
def _(made: Producer) -> Iterator[str]:
    settings = {
        "ins": braced(f"{identifier(key)!r}: dg.AssetIn({key_of(key)})" for key in made.reads),
        "check_specs": listed(spec.code() for spec in made.checks),
        "retry_policy": policy(made.retries),
        "partitions_def": made.partitions,
        "group_name": repr(made.group) if made.group else None,
    }
    if made.style == "asset":
        one = {
            "key": repr(made.keys[0].split("/")),
            "deps": listed(map(key_of, made.follows)),
            "output_required": "False" if made.optional else None,
            "code_version": repr(made.version) if made.version else None,
        }
        yield f"@dg.asset({arguments(one | settings)})"
    else:
        several = _outs(made) if made.style == "outs" else {"specs": f"[{', '.join(_specs(made))}]"}
        subset = {"can_subset": "True" if made.can_subset else None}
        yield f"@dg.multi_asset({arguments(several | subset | settings)})"
    parameters = ", ".join(["context", *map(identifier, made.reads)])
    yield f"{'async ' if made.manner == 'async' else ''}def {made.name}({parameters}):"
    yield from indented(body(made))


def _outs(made: Producer) -> dict[str, str | None]:
    outs = []
    for key in made.keys:
        given = {
            "key": key_of(key),
            "is_required": "False" if key in made.optional else None,
            "code_version": repr(made.version) if made.version else None,
        }
        outs.append(f"{identifier(key)!r}: dg.AssetOut({arguments(given)})")
    internal = []
    if made.internal:
        for key in made.keys:
            inner = [earlier for later, earlier in made.internal if later == key]
            deps = ", ".join(key_of(one) for one in [*made.reads, *made.follows, *inner])
            internal.append(f"{identifier(key)!r}: {f'{{{deps}}}' if deps else 'set()'}")
    return {
        "outs": f"{{{', '.join(outs)}}}",
        "deps": listed(map(key_of, made.follows)),
        "internal_asset_deps": braced(internal),
    }


def _specs(made: Producer) -> Iterator[str]:
    for key in made.keys:
        inner = [earlier for later, earlier in made.internal if later == key]
        given = {
            "deps": listed(key_of(one) for one in [*made.reads, *made.follows, *inner]),
            "skippable": "True" if key in made.optional else None,
            "code_version": repr(made.version) if made.version else None,
        }
        yield f"dg.AssetSpec({', '.join(filter(None, [key_of(key), arguments(given)]))})"


def body(made: Producer) -> Iterator[str]:
    """Yield the lines of the body."""
    results = [act for act in made.acts if not isinstance(act, Raise)]
    if made.partitions:
        yield "trace.append(context.has_partition_key and list(context.partition_keys))"
    for act in made.acts:
        if isinstance(act, Raise):
            yield f"if context.retry_number < {act.attempts}:"
            yield f"    raise {act.error}"
        elif made.manner == "yield":
            if made.can_subset and made.obeys:
                yield f"if {_is_selected(act)}:"
                yield f"    yield {_given(act, made)}"
            else:
                yield f"yield {_given(act, made)}"
    given = [_given(act, made) for act in results]
    if made.manner == "yield":
        yield from [] if given else ["yield from ()"]
    elif made.manner == "None" or not given:
        yield "return None"
    elif made.manner in ("return", "async") and len(given) == 1:
        yield f"return {given[0]}"
    elif made.manner == "list":
        yield f"return [{', '.join(given)}]"
    else:
        yield f"return ({', '.join(given)},)"


def _is_selected(act: Give | Verdict) -> str:
    if isinstance(act, Give):
        return f"{key_of(act.key)} in context.selected_asset_keys"
    check = f"dg.AssetCheckKey({key_of(act.asset)}, {act.check!r})"
    return f"{check} in context.op_execution_context.selected_asset_check_keys"


def _given(act: Give | Verdict, made: Producer) -> str:
    if isinstance(act, Verdict):
        return act.code()
    value = f"[{', '.join([repr(act.key), *map(identifier, made.reads)])}]"
    if made.style == "specs" and not act.value:
        value = "None"
    version = f"dg.DataVersion({act.version!r})" if act.version else None
    match act.what:
        case "value":
            return value
        case "Output":
            name = made.output(act.key)
            given = {"output_name": repr(name) if act.named and name != "result" else None}
            return (
                f"dg.Output({', '.join(filter(None, [value, arguments(given | {'data_version': version})]))})"
            )
        case "AssetMaterialization":
            return f"dg.AssetMaterialization({key_of(act.key)})"
        case _:
            given = {
                "asset_key": key_of(act.key) if act.named else None,
                "value": value if act.value and act.what == "MaterializeResult" else None,
                "check_results": listed(verdict.code() for verdict in act.verdicts),
                "data_version": version,
                "metadata": "{'rows': 1}" if act.value else None,
            }
            return f"dg.{act.what}({arguments(given)})"


# --- strategies

FEATURES = ["outs", "specs", "subset", "internal", "optional", "checks", "results", "returned"]
FEATURES += ["retries", "versions", "groups", "prefixes", "mistakes", "failures"]
CHECKS = ("c", "d")
MISTAKES = ("drop", "repeat", "other", "unnamed", "foreign", "value", "ObserveResult", "disobey")


def verdicts(draw: st.DrawFn, spec: Spec, features: frozenset[str]) -> Verdict:
    """Draw the result of a check."""
    passed = "failures" not in features or draw(st.sampled_from([True, False]))
    return Verdict(spec.name, spec.asset, passed, "failures" in features and draw(st.booleans()))


def specs(draw: st.DrawFn, keys: tuple[str, ...], known: list[str]) -> tuple[Spec, ...]:
    """Draw check specs of assets."""
    found = []
    for key in keys:
        for name in CHECKS[: draw(st.integers(0, 2))]:
            deps = tuple(draw(st.lists(st.sampled_from(known), max_size=1))) if known else ()
            found.append(Spec(name, key, draw(st.booleans()), deps))
    return tuple(found)


@st.composite
def producers(
    draw: st.DrawFn,
    name: str,
    keys: tuple[str, ...],
    known: list[str],
    features: frozenset[str],
    partitions: str | None = None,
) -> Producer:
    """Draw an asset (one key), or a multi-asset, that depends on known keys."""

    def flip(feature: str) -> bool:
        return feature in features and draw(st.booleans())

    styles = ["asset"] if len(keys) == 1 else []
    styles += [style for style in ("outs", "specs") if style in features or len(keys) > 1]
    style = draw(st.sampled_from(styles))
    reads = tuple(draw(st.lists(st.sampled_from(known), max_size=2, unique=True))) if known else ()
    follows = tuple(key for key in known if key not in reads and draw(st.integers(0, 3)) == 3)
    if style == "specs":
        reads, follows = (), (*reads, *follows)
    internal = tuple((keys[n], keys[n - 1]) for n in range(1, len(keys)) if flip("internal"))
    optional = tuple(key for key in keys if flip("optional"))
    can_subset = style != "asset" and flip("subset")
    checks = specs(draw, keys, known) if flip("checks") else ()
    manner = draw(st.sampled_from(["tuple", "return", "async"])) if flip("returned") else "yield"
    acts: list[Act] = []
    in_results = manner != "yield" or draw(st.booleans())
    for key in keys:
        if key in optional and draw(st.booleans()):
            continue
        what = "Output" if manner == "yield" or style == "specs" else "value"
        if checks or flip("results"):
            what = draw(st.sampled_from(["MaterializeResult", what if not checks else "Output"]))
        inner: tuple[Verdict, ...] = ()
        if what == "MaterializeResult" and in_results:
            inner = tuple(verdicts(draw, spec, features) for spec in checks if spec.asset == key)
        version = "mine" if flip("versions") else None
        value = style != "specs" and what == "MaterializeResult" and draw(st.booleans())
        acts.append(Give(key, what, True, value, inner, version))
    given = [v for act in acts if isinstance(act, Give) for v in act.verdicts]
    found = {(verdict.check, verdict.asset) for verdict in given}
    acts += [verdicts(draw, spec, features) for spec in checks if (spec.name, spec.asset) not in found]
    if len(acts) > 1 and draw(st.booleans()):
        acts = list(draw(st.permutations(acts)))
    made = Producer(
        name, keys, style, reads, follows, internal, optional, can_subset,
        checks=checks, acts=tuple(acts), manner=manner,
        retries=draw(st.sampled_from([None, 1])) if flip("retries") else None,
        partitions=partitions,
        group="g" if flip("groups") else None,
        version="1" if "versions" in features else None,
    )  # fmt: skip
    if flip("failures") and draw(st.booleans()):
        place = draw(st.integers(0, len(acts)))
        attempts = draw(st.sampled_from([99, 1])) if made.retries else 99
        made = replace(made, acts=(*acts[:place], Raise(attempts=attempts), *acts[place:]))
    return mistaken(draw, made) if flip("mistakes") else made


def mistaken(draw: st.DrawFn, made: Producer) -> Producer:
    """Return a producer with a mistake in its body."""
    mistake = draw(st.sampled_from(MISTAKES))
    if mistake == "disobey":
        return replace(made, obeys=False)
    if mistake == "other":
        return replace(made, manner=draw(st.sampled_from(["tuple", "list", "return", "None", "yield"])))
    places = [n for n, act in enumerate(made.acts) if not isinstance(act, Raise)]
    if not places:
        return made
    place = draw(st.sampled_from(places))
    acts, act = list(made.acts), made.acts[place]
    if mistake == "drop":
        del acts[place]
    elif mistake == "repeat":
        acts.append(act)
    elif isinstance(act, Verdict):
        other = {"unnamed": replace(act, named=False), "foreign": replace(act, check="nope")}
        acts[place] = other.get(mistake, act)
    elif isinstance(act, Give):
        if mistake == "unnamed":
            acts[place] = replace(
                act, named=False, what=draw(st.sampled_from(["Output", "MaterializeResult"]))
            )
        elif mistake == "foreign":
            acts[place] = replace(
                act, key="nope", what=draw(st.sampled_from(["Output", "MaterializeResult"]))
            )
        elif mistake == "value":
            acts[place] = replace(act, value=True)
        else:
            acts[place] = replace(act, what=draw(st.sampled_from(["ObserveResult", "AssetMaterialization"])))
    return replace(made, acts=tuple(acts))
