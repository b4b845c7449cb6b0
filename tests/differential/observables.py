"""External and observable assets: their descriptions, source code and strategies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st
from producers import Spec, source, verdicts
from source_code import arguments, indented, key_of, listed


@dataclass(frozen=True)
class External:
    """An asset that nothing observes or materializes."""

    name: str
    keys: tuple[str, ...]
    style: str = "AssetSpec"  # or "SourceAsset"

    def outputs(self) -> list[tuple[str, str]]:
        """Return no output."""
        return []


@dataclass(frozen=True)
class Observable:
    """A source asset, or several ones, with a function that observes them."""

    name: str
    keys: tuple[str, ...]
    results: tuple[str, ...]  # as code, one for each key
    is_multi: bool = False
    can_subset: bool = False
    manner: str = "yield"  # or "tuple", "None": the result of a function of several
    checks: tuple[Spec, ...] = ()
    partitions: str | None = None

    def outputs(self) -> list[tuple[str, str]]:
        """Return no output: observations have no value."""
        return []


@source.register
def _(asset: External) -> Iterator[str]:
    yield f"{asset.name} = dg.{asset.style}({key_of(asset.keys[0])})"


@source.register
def _(asset: Observable) -> Iterator[str]:
    settings = {"partitions_def": asset.partitions}
    if not asset.is_multi:
        yield f"@dg.observable_source_asset({arguments({'key': key_of(asset.keys[0])} | settings)})"
        yield f"def {asset.name}(context):"
        yield from indented([f"return {asset.results[0]}"])
        return
    settings |= {
        "specs": f"[{', '.join(f'dg.AssetSpec({key_of(key)})' for key in asset.keys)}]",
        "can_subset": "True" if asset.can_subset else None,
        "check_specs": listed(spec.code() for spec in asset.checks),
    }
    yield f"@dg.multi_observable_source_asset({arguments(settings)})"
    yield f"def {asset.name}(context):"
    if asset.manner == "None":
        yield "    return None"
    elif asset.manner == "tuple":
        yield f"    return ({''.join(f'{result}, ' for result in asset.results)})"
    else:
        for key, result in zip(asset.keys, asset.results, strict=False):
            given = [f"if {key_of(key)} in context.selected_asset_keys:"] if asset.can_subset else []
            yield from indented([*given, f"{'    ' if asset.can_subset else ''}yield {result}"])
        yield "    yield from ()"


# --- strategies

FEATURES = ["external", "multi", "checks", "subset", "mistakes"]
VERSION = "data_version=dg.DataVersion('1')"
OTHER_RESULTS = ("None", "1", "dg.MaterializeResult()", "dg.ObserveResult(dg.AssetKey(['nope']))")


@st.composite
def sources(
    draw: st.DrawFn, name: str, keys: tuple[str, ...], features: frozenset[str]
) -> External | Observable:
    """Draw an external or observable asset; several keys make one that observes several."""

    def flip(feature: str) -> bool:
        return feature in features and draw(st.booleans())

    if len(keys) == 1 and flip("external"):
        return External(name, keys, draw(st.sampled_from(["AssetSpec", "SourceAsset"])))
    is_multi = len(keys) > 1 or flip("multi")
    if not is_multi:
        plain = ("dg.DataVersion('1')", "dg.ObserveResult()", f"dg.ObserveResult({VERSION})")
        given = draw(st.sampled_from([*plain, *(OTHER_RESULTS if "mistakes" in features else ())]))
        return Observable(name, keys, (given,))
    specs = tuple(Spec("c", key, draw(st.booleans())) for key in keys if flip("checks"))
    results = []
    for key in keys:
        inner = [verdicts(draw, spec, features).code() for spec in specs if spec.asset == key]
        settings = {
            "asset_key": key_of(key),
            "check_results": listed(inner),
            "metadata": draw(st.sampled_from([None, "{'rows': 1}"])),
        }
        version = draw(st.sampled_from(["", f", {VERSION}"]))
        results.append(f"dg.ObserveResult({arguments(settings)}{version})")
    manner = "yield"
    if flip("mistakes"):
        match draw(st.sampled_from(["drop", "other", "manner"])):
            case "drop":
                results.pop()
            case "other":
                results[-1] = draw(st.sampled_from(OTHER_RESULTS))
            case "manner":
                manner = draw(st.sampled_from(["tuple", "None"]))
    return Observable(name, keys, tuple(results), True, flip("subset"), manner, specs)
