"""Checks of assets in definitions of their own: their descriptions, source code and strategies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from producers import Raise, Spec, Verdict, source, specs, verdicts
from source_code import arguments, braced, identifier, indented, key_of, listed, policy


@dataclass(frozen=True)
class Check:
    """A check of one asset."""

    name: str
    spec: Spec
    verdict: Verdict
    manner: str = "return"  # or "yield", "async", "none", "twice", "tuple", "list"
    loads: bool = False  # whether it has the value of the asset as a parameter
    ins: tuple[str, ...] = ()
    fail: Raise | None = None
    retries: int | None = None

    def outputs(self) -> list[tuple[str, str]]:
        """Return no output: the value of a check is its result, which has an event."""
        return []


@dataclass(frozen=True)
class MultiCheck:
    """Several checks in one step."""

    name: str
    specs: tuple[Spec, ...]
    verdicts: tuple[Verdict, ...]
    can_subset: bool = False
    manner: str = "yield"  # or "tuple", "list", "return"
    loads: tuple[str, ...] = ()

    def outputs(self) -> list[tuple[str, str]]:
        """Return no output: the value of a check is its result, which has an event."""
        return []


@source.register
def _(check: Check) -> Iterator[str]:
    spec = check.spec
    settings = {
        "asset": key_of(spec.asset),
        "name": repr(spec.name),
        "blocking": "True" if spec.blocking else None,
        "additional_deps": listed(map(key_of, spec.deps)),
        "additional_ins": braced(f"{identifier(key)!r}: dg.AssetIn({key_of(key)})" for key in check.ins),
        "partitions_def": spec.partitions,
        "retry_policy": policy(check.retries),
    }
    yield f"@dg.asset_check({arguments(settings)})"
    loads = ["value"] if check.loads else []
    parameters = ", ".join(["context", *loads, *map(identifier, check.ins)])
    yield f"{'async ' if check.manner == 'async' else ''}def {check.name}({parameters}):"
    yield from indented(_lines(check))


def _lines(check: Check) -> Iterator[str]:
    for name in ["value", *map(identifier, check.ins)] if check.loads else map(identifier, check.ins):
        yield f"trace.append(f'{check.name} {{{name}}}')"
    if check.fail is not None:
        yield f"if context.retry_number < {check.fail.attempts}:"
        yield f"    raise {check.fail.error}"
    result = check.verdict.code()
    yield {
        "yield": f"yield {result}",
        "none": "yield from ()",
        "twice": f"yield from [{result}, {result}]",
        "tuple": f"return ({result},)",
        "list": f"return [{result}]",
    }.get(check.manner, f"return {result}")


@source.register
def _(check: MultiCheck) -> Iterator[str]:
    settings = {
        "specs": f"[{', '.join(spec.code() for spec in check.specs)}]",
        "ins": braced(f"{identifier(key)!r}: dg.AssetIn({key_of(key)})" for key in check.loads),
        "can_subset": "True" if check.can_subset else None,
    }
    yield f"@dg.multi_asset_check({arguments(settings)})"
    yield f"def {check.name}({', '.join(['context', *map(identifier, check.loads)])}):"
    results = [verdict.code() for verdict in check.verdicts]
    lines = []
    if check.manner == "yield":
        for verdict, result in zip(check.verdicts, results, strict=True):
            key = f"dg.AssetCheckKey({key_of(verdict.asset)}, {verdict.check!r})"
            lines += [f"if {key} in context.selected_asset_check_keys:"] if check.can_subset else []
            lines.append(f"{'    ' if check.can_subset else ''}yield {result}")
        lines += ["yield from ()"]
    elif check.manner == "return" and len(results) == 1:
        lines = [f"return {results[0]}"]
    elif check.manner == "list":
        lines = [f"return [{', '.join(results)}]"]
    else:
        lines = [f"return ({''.join(f'{result}, ' for result in results)})"]
    yield from indented(lines)


# --- strategies

FEATURES = ["blocking", "yield", "loads", "deps", "retries", "failures", "mistakes", "multi"]
OTHER_RESULTS = ("None", "True", "dg.MaterializeResult()", "dg.Output(1)")


@st.composite
def checks(
    draw: st.DrawFn,
    name: str,
    known: list[str],
    features: frozenset[str],
    partitions: dict[str, str],
) -> Check | MultiCheck:
    """Draw checks of known assets, in one definition; the name makes the checks unique."""

    def flip(feature: str) -> bool:
        return feature in features and draw(st.booleans())

    if "multi" in features and draw(st.booleans()):
        return _multi(draw, name, known, features)
    asset = draw(st.sampled_from(known))
    others = [key for key in known if key != asset]
    ins = tuple(draw(st.lists(st.sampled_from(others), max_size=1))) if others and flip("deps") else ()
    deps = tuple(draw(st.lists(st.sampled_from(others), max_size=1))) if others and flip("deps") else ()
    is_partitioned = asset in partitions and draw(st.booleans())
    spec = Spec(name, asset, flip("blocking"), deps, partitions[asset] if is_partitioned else None)
    verdict = verdicts(draw, spec, features)
    manner = draw(st.sampled_from(["yield", "async", "return"])) if flip("yield") else "return"
    fail = Raise(attempts=draw(st.sampled_from([99, 1]))) if flip("retries") and flip("failures") else None
    check = Check(name, spec, verdict, manner, flip("loads"), ins, fail, 1 if flip("retries") else None)
    if not flip("mistakes"):
        return check
    mistake = draw(st.sampled_from(["manner", "what", "foreign"]))
    if mistake == "manner":
        return replace(check, manner=draw(st.sampled_from(["none", "twice", "tuple", "list"])))
    if mistake == "what":
        return replace(check, verdict=replace(verdict, what=draw(st.sampled_from(OTHER_RESULTS))))
    return replace(check, verdict=replace(verdict, check="nope"))


def _multi(draw: st.DrawFn, name: str, known: list[str], features: frozenset[str]) -> MultiCheck:
    keys = tuple(draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True)))
    found = tuple(replace(spec, name=f"{name}_{spec.name}") for spec in specs(draw, keys, []))
    if not found:
        found = (Spec(name, keys[0]),)
    results = [verdicts(draw, spec, features) for spec in found]
    targets = list(dict.fromkeys(spec.asset for spec in found))
    loads = tuple(key for key in targets if "loads" in features and draw(st.booleans()))
    check = MultiCheck(name, found, tuple(results), draw(st.booleans()), loads=loads)
    if len(found) == 1 and draw(st.booleans()):
        check = replace(check, manner="return")
    if "mistakes" not in features:
        return check
    mistake = draw(st.sampled_from(["drop", "repeat", "unnamed", "foreign", "tuple", "list", "shuffle"]))
    if mistake in ("tuple", "list"):
        return replace(check, manner=mistake)
    place = draw(st.integers(0, len(results) - 1))
    if mistake == "drop":
        del results[place]
    elif mistake == "repeat":
        results.append(results[place])
    elif mistake == "shuffle":
        results.reverse()
    else:
        other = {
            "unnamed": replace(results[place], named=False),
            "foreign": replace(results[place], check="nope"),
        }
        results[place] = other[mistake]
    return replace(check, verdicts=tuple(results))
