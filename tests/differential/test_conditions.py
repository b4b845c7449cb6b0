"""Tests of histories of materializations and evaluations: the reference and dagflow request the same."""

from __future__ import annotations

import logging

import profiles
import pytest
from histories import World
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from known_differences import KNOWN_HISTORIES, explanation

import dagflow

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")

examples = profiles.examples(
    25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

CRON = '"*/3 * * * *"'
LEAVES = [
    *("missing()", "newly_updated()", "newly_requested()", "initial_evaluation()", "newly_missing()"),
    *("in_latest_time_window()", "execution_failed()", "in_progress()", "code_version_changed()"),
    *("any_deps_updated()", "any_deps_missing()", "any_deps_in_progress()", f"cron_tick_passed({CRON})"),
    *("will_be_requested()", f"all_deps_updated_since_cron({CRON})", "any_downstream_conditions()"),
]
WHOLE = ["eager()", "on_missing()", f"on_cron({CRON})", 'eager().ignore(assets("a"))', "missing()"]
DEPS = [
    "missing()",
    "newly_updated()",
    "will_be_requested()",
    f"newly_updated().since(cron_tick_passed({CRON}))",
]


def _combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} & {})".format, parts, parts),
        st.builds("({} | {})".format, parts, parts),
        st.builds("(~{})".format, parts),
        st.builds("({}).since({})".format, parts, parts),
        st.builds("({}).newly_true()".format, parts),
        st.builds("({}).since_last_handled()".format, parts),
        st.builds("{}_deps_match({})".format, st.sampled_from(["any", "all"]), st.sampled_from(DEPS) | parts),
    )


conditions = st.sampled_from(WHOLE) | st.recursive(st.sampled_from(LEAVES), _combined, max_leaves=4)
LAYOUTS = {
    "unpartitioned": ("", ""),
    "static": ("@xy", "@xy"),
    "daily": ("@daily7", "@daily7"),
    "all": ("@xy", ""),
    "each": ("", "@xy"),
    "windows": ("@hourly", "@daily7"),
}
KEYS = {"": [""], "@xy": [":x", ":y"], "@daily7": [":01-08", ":01-09"], "@hourly": [":01-09-05:00"]}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, str]:
    """Draw definitions and a history: a, z, b that depends on both, and c that depends on b."""
    up, down = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))]
    of = {"a": up, "z": down, "b": down, "c": down}
    kind = draw(st.sampled_from(["asset", "asset", "external", "source"])) if not up else "asset"
    own = {name: f" = {draw(conditions)}" if draw(st.booleans()) else "" for name in "az"}
    items = [f"{kind} a{up}{own['a']}", f"z{down}{own['z']}", f"b(a,z){down} = {draw(conditions)}"]
    items.append(f"c(b){down}" + (f" = {draw(conditions)}" if draw(st.booleans()) else ""))
    words = []
    for _ in range(draw(st.integers(3, 12))):
        name = draw(st.sampled_from("aazbc"))
        updates = [f"+{name}{key}" for key in KEYS[of[name]]]
        if name == "a" and kind == "source":
            updates = ["a=v1", "a=v2"]
        words.append(draw(st.sampled_from(["E", "E", "E", *updates])))
    return "; ".join(items), " ".join(["E", *words, "E"])


def test_random_histories_make_the_same_requests() -> None:
    """Random conditions request the same in random histories, also if the cursors are stored."""
    logging.disable(logging.CRITICAL)

    @examples
    @given(world=worlds(), is_stored=st.booleans())
    def check(world: tuple[str, str], is_stored: bool) -> None:
        definitions, history = world
        theirs = World(reference, definitions).run(history)
        ours = World(dagflow, definitions, is_stored=is_stored).run(history)
        assert ours == theirs or explanation(KNOWN_HISTORIES, definitions, history)

    try:
        check()
    finally:
        logging.disable(logging.NOTSET)


HISTORIES = [
    ("a = missing(); check c(a) = eager(); check d(a) = missing()", "E +a E a!c E +a E"),
    ("a; check c(a); b(a) = all_deps_blocking_checks_passed()", "E a!c E a?c E"),
    ("a = executed_with_tags(tag_keys={'t'}); b(a) = any_deps_updated()", "E run:a E run:a,b E run:b E"),
    ("a@daily; b(a-1)@daily = eager()", "E +a:01-07 E +a:01-08 E @11 E +a:01-09 E"),
    ("a@both; b(a)@daily = eager(); c(a)@xy = eager()", "E +a:01-09|x E +a:01-09|y E +a:* E"),
    ("a@towns = on_missing(); b(a) = eager()", "E add:q E E +a:q E add:r E +a:r E"),
    (
        "a; b(a) = asset_matches('a', newly_updated()).since(cron_tick_passed('0 * * * *'))",
        "@00:58 E @01:02 +a E",
    ),
    ("a = eager(); b(a) = eager(); c(b) = any_deps_in_progress()", "E +a +b run:b{E} E fail:b E"),
]


@pytest.mark.parametrize(("definitions", "history"), HISTORIES)
def test_chosen_histories_make_the_same_requests(definitions: str, history: str) -> None:
    """Conditions about checks, runs and mapped partitions request the same as in the reference."""
    logging.disable(logging.CRITICAL)
    try:
        theirs = World(reference, definitions).run(history)
    finally:
        logging.disable(logging.NOTSET)

    assert World(dagflow, definitions).run(history) == theirs


DIFFERENCES = [
    (
        "a reported materialization clears a failure, also without partitions",
        "a = execution_failed()",
        "E fail:a E +a E",
        "., a, a",
        "., a, .",
    ),
]


@pytest.mark.parametrize(("reason", "definitions", "history", "theirs", "ours"), DIFFERENCES)
def test_intended_differences(reason: str, definitions: str, history: str, theirs: str, ours: str) -> None:
    """dagflow requests what the user meant, also where the reference has a defect."""
    logging.disable(logging.CRITICAL)
    try:
        assert World(reference, definitions).run(history) == theirs
    finally:
        logging.disable(logging.NOTSET)

    assert World(dagflow, definitions).run(history) == ours, reason
