"""Tests of assert_event_sequence on real runs: modes, patterns, compared events and errors."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagflow import (
    AssetKey,
    DagflowError,
    DagflowEvent,
    DagflowEventType,
    MetadataValue,
    Out,
    Output,
    RetryPolicy,
    asset,
    failure_hook,
    graph,
    job,
    materialize_to_memory,
    op,
    success_hook,
)
from pytest_dagflow import assert_event_sequence, chain, ev, par


@op
def beans():
    return 1


@op
def water():
    return 2


@op
def brew(beans, water):
    return beans + water


@op
def serve(brew):
    return brew


@op
def tidy():
    return 0


@graph
def machine(beans, water):
    return brew(beans, water)


@job
def cafe():
    serve(machine(beans(), water()))
    tidy()


@op
def spill():
    raise ValueError("the cup was hot")


@op(out={"hot": Out(is_required=False), "cold": Out(is_required=False)})
def pick():
    yield Output(1, "hot")


@op(retry_policy=RetryPolicy(max_retries=2))
def flaky(context):
    if context.retry_number < 2:
        raise OSError(f"no water at attempt {context.retry_number}")


@pytest.fixture(scope="module")
def result():
    """Return a run of five ops: water and beans feed machine.brew, which feeds serve; tidy has no edges."""
    return cafe.execute_in_process()


BEANS = ["STEP_START:beans", "STEP_OUTPUT:beans", "HANDLED_OUTPUT:beans", "STEP_SUCCESS:beans"]


def refused(result, patterns, **arguments):
    """Return the message of the failed assertion."""
    with pytest.raises(AssertionError) as caught:
        assert_event_sequence(result, patterns, **arguments)
    return str(caught.value)


# the modes


def test_causal_is_the_default_and_takes_what_had_to_be_so(result):
    """Patterns follow the edges of the plan, over any distance."""
    assert_event_sequence(result, ["STEP_START:beans", "STEP_SUCCESS:machine.brew", "STEP_START:serve"])
    assert_event_sequence(result, ["RUN_START", "STEP_OUTPUT:water", "LOADED_INPUT:serve", "RUN_SUCCESS"])
    assert_event_sequence(
        result, [par("STEP_SUCCESS:beans", "STEP_SUCCESS:water"), "STEP_START:machine.brew"]
    )


def test_causal_refuses_an_order_that_held_by_luck(result):
    """Without a path between two ops, the order in which they ran is luck."""
    text = refused(result, ["STEP_SUCCESS:beans", "STEP_START:tidy"])

    assert_event_sequence(result, ["STEP_SUCCESS:beans", "STEP_START:tidy"], mode="subsequence")
    assert (
        "STEP_SUCCESS of 'beans' came before STEP_START of 'tidy' in this run, but nothing orders them"
        in text
    )


def test_causal_backtracks_to_the_event_that_did_cause(result):
    """The first STEP_SUCCESS is of beans, which did not cause that of tidy; another assignment holds."""
    assert_event_sequence(result, ["STEP_START", "STEP_SUCCESS:tidy"])
    assert_event_sequence(result, ["STEP_SUCCESS", "STEP_SUCCESS", "STEP_START:serve"])


def test_causal_needs_a_plan(result):
    """The error about a list without plans names the modes that need no plan."""
    with pytest.raises(DagflowError, match="exact, prefix, suffix, contiguous, subsequence or unordered"):
        assert_event_sequence(list(result.all_events), ["RUN_START"])


def test_subsequence_takes_gaps_and_the_order_as_it_was(result):
    """The mode needs no plan."""
    assert_event_sequence(
        list(result.all_events), ["STEP_START:beans", "STEP_START:tidy"], mode="subsequence"
    )

    text = refused(result, ["STEP_START:tidy", "STEP_START:beans"], mode="subsequence")
    assert text.startswith(
        'ev.step_start("beans") (#2) came before ev.step_start("tidy") (#6), not after it\n'
    )


def test_contiguous_takes_no_gaps(result):
    """Internal events are not compared, so they make no gap."""
    assert_event_sequence(result, BEANS, mode="contiguous")
    assert_event_sequence(result, [BEANS[0], par(*reversed(BEANS[1:3])), BEANS[3]], mode="contiguous")

    text = refused(result, [BEANS[0], BEANS[3]], mode="contiguous")
    assert '+ ev.step_output("beans", "result")' in text


def test_prefix_and_suffix_take_one_end(result):
    """The patterns match the first or the last compared events."""
    assert_event_sequence(result, ["RUN_START", *BEANS], mode="prefix")
    assert_event_sequence(result, ["STEP_SUCCESS:serve", "RUN_SUCCESS"], mode="suffix")

    refused(result, BEANS, mode="prefix")
    refused(result, ["STEP_SUCCESS:serve"], mode="suffix")


def test_exact_takes_all(result):
    """Inside a step, every event needs a pattern."""
    assert_event_sequence(result, BEANS, mode="exact", within="beans")

    assert '+ ev.step_success("beans")' in refused(result, BEANS[:-1], mode="exact", within="beans")
    assert "is missing" in refused(result, [*BEANS, "STEP_SKIPPED"], mode="exact", within="beans")


def test_unordered_is_a_multiset(result):
    """The order is free and each event counts once; a chain inside keeps its order."""
    assert_event_sequence(result, BEANS[::-1], mode="unordered", within="beans")
    assert_event_sequence(
        result, [BEANS[2], chain(BEANS[0], BEANS[3]), BEANS[1]], mode="unordered", within="beans"
    )

    refused(result, [*BEANS, BEANS[0]], mode="unordered", within="beans")
    refused(result, [chain(BEANS[3], BEANS[0]), *BEANS[1:3]], mode="unordered", within="beans")


# the patterns


def test_patterns_may_be_types_texts_and_calls():
    """An event type, a string, a call of `ev` and an older name make equal patterns."""
    events = [DagflowEvent("PIPELINE_START", "cafe"), DagflowEvent("STEP_START", "cafe", step_key="beans")]
    for first in (DagflowEventType.RUN_START, "RUN_START", "PIPELINE_START", ev.run_start()):
        for second in (DagflowEventType.STEP_START, "STEP_START:beans", ev.step_start("beans")):
            assert_event_sequence(events, [first, second], mode="exact")


def test_groups_nest_freely(result):
    """Chains of two steps in any order precede the step that needs both."""
    assert_event_sequence(
        result,
        [
            "RUN_START",
            par(
                chain(
                    par(chain(*BEANS), chain("STEP_START:water", "STEP_SUCCESS:water")),
                    chain("STEP_START:machine.brew", "STEP_SUCCESS:machine.brew"),
                    "STEP_START:serve",
                ),
                chain("STEP_START:tidy", "STEP_SUCCESS:tidy"),
            ),
            "RUN_SUCCESS",
        ],
    )


def test_times_is_an_exact_count(result):
    """More or fewer events fail; without `times` at least one event is needed."""
    assert_event_sequence(result, [ev.step_start(times=5), ev.run_success()])
    assert_event_sequence(result, [ev.step_start(), ev.step_failure(times=0)])

    assert "matches 5 events" in refused(result, [ev.step_start(times=4)])
    assert "matches 2 events" in refused(result, [ev.loaded_input("machine.brew", times=1)])


def test_any_field_may_be_a_matcher(result):
    """A field is compared by the `==` of the matcher."""

    class EndsWith:
        def __init__(self, end):
            self.end = end

        def __eq__(self, other):
            return other.endswith(self.end)

        __hash__ = None

    assert_event_sequence(result, [ev.output(EndsWith("brew"), EndsWith("sult"))])

    refused(result, [ev.output(EndsWith("stew"))])


def test_the_payload_of_each_step_event_can_be_asked_for(result):
    """Patterns compare the inputs, outputs and their sources."""
    assert_event_sequence(
        result,
        [
            ev.handled_output("beans", "result", manager_key="io_manager"),
            ev.loaded_input("machine.brew", "beans", upstream_step="beans", upstream_output="result"),
            ev.step_input("machine.brew", "beans", passed=True),
            ev.step_output("machine.brew", name="result", mapping_key=None, attempt=1),
        ],
    )


def test_assets_can_be_asked_for_by_key_partition_and_metadata():
    """The key is a string, list or AssetKey; metadata contains the expected entries as plain values."""

    @asset(key_prefix="shop")
    def cup():
        return Output(1, metadata={"rows": 3, "note": MetadataValue.text("warm")})

    result = materialize_to_memory([cup])
    for key in ("shop/cup", ["shop", "cup"], AssetKey(["shop", "cup"])):
        assert_event_sequence(result, [ev.materialization(key, partition=None, metadata={"rows": 3})])
    assert_event_sequence(result, [ev.asset_materialization("shop__cup", metadata={"note": "warm"})])
    assert_event_sequence(result, [ev.step_start(AssetKey(["shop", "cup"]))])

    assert "rows: expected 4, was 3" in refused(
        result, [ev.materialization("shop/cup", metadata={"rows": 4})]
    )
    assert "no entry 'size'" in refused(result, [ev.materialization("shop/cup", metadata={"size": 4})])


def test_a_failure_is_asked_for_by_class_and_message():
    """The error matches by class, base class, tuple of classes or class name."""

    @job
    def spilling():
        spill()

    result = spilling.execute_in_process(raise_on_error=False)
    for error in (ValueError, Exception, (KeyError, ValueError), "ValueError"):
        assert_event_sequence(result, [ev.failure("spill", error=error, match="was h.t"), "RUN_FAILURE"])

    text = refused(result, [ev.failure("spill", error=KeyError)])
    assert "error: expected error=KeyError, was ValueError: the cup was hot" in text
    refused(result, [ev.failure("spill", error=ValueError, match="cold")])


def test_attempts_are_in_order():
    """Attempt n precedes attempt n + 1, and patterns select one by its number."""

    @job
    def trying():
        flaky()

    assert_event_sequence(
        trying.execute_in_process(),
        [
            ev.step_start("flaky"),
            ev.step_up_for_retry("flaky", error=OSError, match="attempt 0", seconds_to_wait=0),
            ev.step_restarted("flaky", attempt=2),
            ev.step_up_for_retry("flaky", match="attempt 1"),
            ev.step_restarted("flaky", attempt=3),
            ev.step_success("flaky", attempt=3),
            ev.run_success(),
        ],
    )


def test_a_skipped_step_is_ordered_behind_what_it_waited_for():
    """STEP_SKIPPED is caused by the end of the step that returned no value."""

    @op
    def cup(drink):
        return drink

    @job
    def choosing():
        hot, cold = pick()
        cup.alias("hot_cup")(hot)
        cup.alias("cold_cup")(cold)

    result = choosing.execute_in_process()

    assert_event_sequence(result, [ev.step_success("pick"), ev.step_skipped("cold_cup")])
    refused(result, [ev.step_skipped("cold_cup"), ev.step_start("hot_cup")])


def test_every_event_type_has_a_function():
    """The name of a function is the current name of the event type in lower case."""
    for kind in DagflowEventType:
        pattern = getattr(ev, kind.name.lower())()
        assert pattern.event_type is kind
        assert repr(pattern) == f"ev.{kind.name.lower()}()" or kind.name.startswith("ASSET_")


# the compared events


def test_events_of_the_machinery_are_compared_where_they_are_named(result):
    """Internal events are ignored by default; ignore=None compares all events."""
    assert_event_sequence(result, ["RUN_START", "STEP_START:beans"], mode="prefix")
    assert_event_sequence(result, ["RUN_START", "ENGINE_EVENT", "STEP_START:beans"], mode="prefix")
    assert_event_sequence(
        result,
        ["RUN_START", "ENGINE_EVENT", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS", "LOGS_CAPTURED"],
        mode="prefix",
        ignore=None,
    )


def test_within_keeps_a_node_and_what_is_inside(result):
    """A graph is named by its path, a step by its key."""
    assert_event_sequence(result, ["STEP_START:machine.brew"], mode="prefix", within="machine")
    assert_event_sequence(result, [ev.step_success(times=1)], within="machine.brew")

    assert "'within' or 'ignore' excludes it" in refused(result, ["RUN_START"], within="machine")


def test_ignore_drops_types_steps_and_patterns(result):
    """One call may ignore all three."""
    assert_event_sequence(
        result,
        ["STEP_START:beans", "STEP_SUCCESS:beans"],
        mode="exact",
        ignore=[
            DagflowEventType.RUN_START,
            "RUN_SUCCESS",
            "STEP_OUTPUT",
            ev.handled_output(),
            "machine",
            "serve",
            "tidy",
            "water",
        ],
    )


def test_forbid_must_match_nothing(result):
    """A forbidden pattern fails the assertion, even if its events are ignored by default."""
    assert_event_sequence(result, ["RUN_START"], forbid=[ev.step_failure(), "STEP_SKIPPED"])
    assert_event_sequence(result, [], forbid=["STEP_START:beans"], within="tidy")

    text = refused(result, ["RUN_START"], forbid=[ev.step_start("tidy")])
    assert 'ev.step_start("tidy") is forbidden' in text
    refused(result, [], forbid=["LOGS_CAPTURED"])


# invalid arguments


@pytest.mark.parametrize(
    ("patterns", "arguments", "message"),
    [
        (["STEP_SUCESS"], {}, "'STEP_SUCESS' is not an event type. Did you mean 'STEP_SUCCESS'"),
        (["step_start"], {}, "Did you mean 'STEP_START'"),
        (["STEP_START:"], {}, "has no step after the colon"),
        (["RUN_START:beans"], {}, "RUN_START has no step"),
        ([42], {}, "a pattern must be an event type, a string such as"),
        ([["STEP_START"]], {}, "write par(...) or chain(...)"),
        ([ev.step_start], {}, "call it, 'ev.step_start(...)'"),
        ("STEP_START", {}, "patterns must be a list"),
        (["STEP_START"], {"mode": "exakt"}, "'exakt' is not a mode. Did you mean 'exact'?"),
        (
            ["STEP_START"],
            {"within": "machin"},
            "within 'machin' is not in these runs. Did you mean 'machine'",
        ),
        (["STEP_START"], {"within": 3}, "within must be the path of a node"),
        (["STEP_START"], {"ignore": "STEP_START"}, "ignore must be a list"),
        (["STEP_START"], {"ignore": ["bens"]}, "Did you mean 'beans'?"),
        (["STEP_START"], {"ignore": ["STEP_STRT"]}, "'STEP_STRT' is not an event type"),
        (["STEP_START"], {"ignore": [par("STEP_START")]}, "ignore takes patterns of single events"),
        (["STEP_START"], {"forbid": [chain("STEP_START")]}, "forbid takes patterns of single events"),
        (["STEP_START"], {"forbid": [ev.step_start(times=1)]}, "forbid takes patterns without times"),
    ],
)
def test_a_wrong_question_is_an_error_at_once(result, patterns, arguments, message):
    """The message contains similar names, if there are any."""
    with pytest.raises(DagflowError, match=re.escape(message)):
        assert_event_sequence(result, patterns, **arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ev.step_start(5), "step must be the key of a step"),
        (lambda: ev.step_start(beans), "step must be the key of a step"),
        (lambda: ev.output("a", 5), "name must be a string"),
        (lambda: ev.step_start("a", times=-1), "times must be an integer of at least 0"),
        (lambda: ev.step_start("a", times=True), "times must be an integer of at least 0"),
        (lambda: ev.check("a", passed="yes"), "passed must be True, False"),
        (lambda: ev.step_success(attempt="one"), "attempt must be a number"),
        (lambda: ev.step_success(attempt=True), "attempt must be a number"),
        (lambda: ev.materialization(object()), "key must be an asset key"),
        (lambda: ev.materialization("a", metadata=["rows"]), "metadata must be a mapping"),
        (lambda: ev.failure(error=5), "error must be an exception class"),
        (lambda: ev.failure(error=()), "error must be an exception class"),
        (lambda: ev.failure(error=int), "error must be an exception class"),
        (lambda: ev.failure(match="("), "is not a regular expression"),
        (lambda: ev.failure(match=5), "match must be a regular expression"),
        (lambda: par("STEP_STRT"), "Did you mean 'STEP_START'"),
        (lambda: ev.step_sucess, "'ev.step_sucess' is not an event. Did you mean 'step_success'"),
    ],
)
def test_a_wrong_pattern_is_an_error_where_it_is_made(make, message):
    """A pattern that can never match is an error; an unknown function gets a similar name."""
    with pytest.raises(DagflowError, match=re.escape(message)):
        make()


def test_a_matcher_that_cannot_compare_is_an_error(result):
    """The message names the matcher and the value that it was compared with."""

    class Broken:
        def __eq__(self, other):
            raise RuntimeError("no idea")

        __hash__ = None

        def __repr__(self):
            return "Broken()"

    with pytest.raises(
        DagflowError, match=r"Broken\(\) could not be compared with 'beans': RuntimeError: no idea"
    ):
        assert_event_sequence(result, [ev.step_start(Broken())])


@pytest.mark.parametrize("events", [None, 5, "RUN_START", ["RUN_START"]])
def test_what_is_no_list_of_events_is_an_error(events):
    """Only a result or a list of events is accepted."""
    with pytest.raises(DagflowError, match=r"(a list of events|only events), not"):
        assert_event_sequence(events, [], mode="exact")


# properties

kinds = st.sampled_from(["STEP_START", "STEP_OUTPUT", "STEP_SUCCESS"])
steps = st.sampled_from(["beans", "water"])
single = st.builds(lambda kind, step: f"{kind}:{step}", kinds, steps)
trees = st.recursive(
    single,
    lambda inside: st.tuples(st.sampled_from(["par", "chain"]), st.lists(inside, min_size=1, max_size=4)),
    max_leaves=8,
)


def pattern_of_tree(tree):
    """Return the pattern that a drawn tree describes."""
    if isinstance(tree, str):
        return tree
    kind, parts = tree
    return {"par": par, "chain": chain}[kind](*map(pattern_of_tree, parts))


def linear_extension(tree, draw):
    """Return one order of the leaves that a tree allows."""
    if isinstance(tree, str):
        return [tree]
    kind, parts = tree
    sequences = [linear_extension(part, draw) for part in parts]
    if kind == "chain":
        return [text for sequence in sequences for text in sequence]
    merged = []
    while any(sequences):
        sequence = draw(st.sampled_from([sequence for sequence in sequences if sequence]))
        merged.append(sequence.pop(0))
    return merged


def event_of(text):
    """Return the event that a string describes."""
    kind, step = text.split(":")
    return DagflowEvent(kind, "cafe", step_key=step)


@settings(max_examples=200)
@given(data=st.data(), tree=trees)
def test_every_linear_extension_of_a_tree_matches_it_exactly(data, tree):
    """With one event less or one more, the assertion fails."""
    events = [event_of(text) for text in linear_extension(tree, data.draw)]
    patterns = [pattern_of_tree(tree)]
    place = data.draw(st.integers(0, len(events) - 1))

    for mode in ("exact", "prefix", "suffix", "contiguous", "subsequence", "unordered"):
        assert_event_sequence(events, patterns, mode=mode)
        with pytest.raises(AssertionError):
            assert_event_sequence(events[:place] + events[place + 1 :], patterns, mode=mode)
    for mode in ("exact", "unordered"):
        with pytest.raises(AssertionError):
            assert_event_sequence([*events, events[place]], patterns, mode=mode)


@given(data=st.data(), texts=st.lists(single, min_size=1, max_size=8))
def test_unordered_does_not_mind_a_permutation(data, texts):
    """Events and patterns may be in any order."""
    events = data.draw(st.permutations([event_of(text) for text in texts]))
    patterns = data.draw(st.permutations(texts))

    assert_event_sequence(events, patterns, mode="unordered")


@given(
    texts=st.lists(single, max_size=8),
    others=st.lists(single, min_size=1, max_size=8),
    mode=st.sampled_from(["exact", "prefix", "suffix", "contiguous", "subsequence", "unordered"]),
)
def test_a_failed_assertion_can_always_be_told(texts, others, mode):
    """Any patterns and any events either match or raise AssertionError with the reason."""
    try:
        assert_event_sequence([event_of(text) for text in texts], others, mode=mode)
    except AssertionError as error:
        text = str(error)
    else:
        return

    assert text.startswith("ev.")


def test_hooks_are_events_of_their_attempt():
    """The events of their step cause them; they cause no event of a later step."""

    @success_hook
    def cheer(context):
        pass

    @failure_hook
    def mourn(context):
        raise KeyError("no tears")

    @op(retry_policy=RetryPolicy(max_retries=1))
    def brew(context):
        if context.retry_number == 0:
            raise ValueError("burnt")
        return 1

    @op
    def drink(cup):
        raise ValueError("hot")

    @job(hooks={cheer, mourn})
    def breakfast():
        drink(brew())

    result = breakfast.execute_in_process(raise_on_error=False)

    assert_event_sequence(
        result,
        [
            ev.step_up_for_retry("brew"),
            ev.hook_skipped("brew", match="cheer", attempt=1),
            ev.step_restarted("brew"),
            ev.hook_completed("brew", match="cheer", attempt=2),
        ],
    )
    errored = ev.hook_errored("drink", error=KeyError, match="no tears", attempt=1, times=1)
    assert_event_sequence(
        result,
        [ev.step_failure("drink"), par(errored, ev.hook_skipped("drink", match="cheer")), ev.run_failure()],
        mode="suffix",
    )
    with pytest.raises(AssertionError, match="nothing orders them"):
        assert_event_sequence(result, [ev.hook_completed("brew"), ev.step_start("drink")])


def test_with_vv_the_whole_list_can_be_pasted(pytester):
    """The list holds in mode 'exact', also for assets, retries, failures and dynamic outputs."""
    pytester.makepyfile(
        """
        import pytest
        from dagflow import DynamicOut, DynamicOutput, RetryPolicy, asset, job, materialize_to_memory, op
        from pytest_dagflow import assert_event_sequence, chain, ev, par

        @op(out=DynamicOut())
        def cups():
            for number in range(9):
                yield DynamicOutput(number, str(number), metadata={"size": 0.5})

        @op(retry_policy=RetryPolicy(max_retries=1))
        def fill(cup):
            if cup == 4:
                raise ValueError("it's \\"hot\\"")

        @job
        def cafe():
            cups().map(fill)

        @asset(metadata={"path": "a/b"})
        def water(): return 1

        def results():
            return [cafe.execute_in_process(raise_on_error=False), materialize_to_memory([water])]

        @pytest.mark.parametrize("index", [0, 1])
        def test_paste(index):
            result = results()[index]
            with pytest.raises(AssertionError, match="hold in mode 'exact'") as caught:
                assert_event_sequence(result, ["RUN_CANCELED"])
            source = str(caught.value).partition("mode 'exact'):")[2]
            patterns = eval(source.strip())
            assert_event_sequence(result, patterns, mode="exact")

        def test_failing():
            assert_event_sequence(results()[0], [ev.step_failure("cups")])
        """
    )

    pytester.runpytest("-vv", "-k", "test_paste").assert_outcomes(passed=2)
    short = pytester.runpytest("-k", "test_failing")
    short.stdout.fnmatch_lines([
        'E * AssertionError: ev.step_failure("cups") is missing; the nearest is ev.step_failure("fill*',
        "E * with -vv all of them*",
        "E *# ... 1 event of other steps and types",
    ])  # fmt: skip


@pytest.mark.parametrize("mode", ["causal", "subsequence", "prefix", "unordered"])
def test_no_pattern_is_refused(mode):
    """An assertion that every run would pass is an error, also if it has only empty groups."""
    for patterns in ([], [par()]):
        with pytest.raises(DagflowError, match="'patterns' is empty, so every run would match"):
            assert_event_sequence(materialize_to_memory([]).all_events, patterns, mode=mode)
