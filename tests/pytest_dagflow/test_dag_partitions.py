"""Tests of the marker `dag_partitions`, which runs a test for each partition key."""

from __future__ import annotations

import pytest

HEAD = """
    import pytest
    from dagflow import (
        DailyPartitionsDefinition,
        DynamicPartitionsDefinition,
        HourlyPartitionsDefinition,
        MultiPartitionsDefinition,
        StaticPartitionsDefinition,
        asset,
    )

    LETTERS = StaticPartitionsDefinition(["a", "b", "c", "d", "e"])
    DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-03-03")
    GRID = MultiPartitionsDefinition(
        {"date": DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04"),
         "country": StaticPartitionsDefinition(["ES", "FR"])}
    )
    SHOPS = DynamicPartitionsDefinition(name="shops")

    @asset(partitions_def=LETTERS)
    def letters():
        return 1

    @asset
    def whole():
        return 1
"""


@pytest.fixture
def run(pytester: pytest.Pytester):
    """Run one test that is marked with these arguments."""

    def run(arguments: str, *options: str, parameters: str = "partition_key") -> pytest.RunResult:
        body = f"""
    @pytest.mark.dag_partitions({arguments})
    def test_one({parameters}):
        assert partition_key
"""
        pytester.makepyfile(test_keys=HEAD + body)
        return pytester.runpytest("-p", "no:randomly", "--strict-markers", "-v", *options)

    return run


def ids(result: pytest.RunResult) -> list[str]:
    """Return the ids in brackets of the tests that passed."""
    lines = (line for line in result.outlines if "PASSED" in line)
    return [line.partition("[")[2].partition("] PASSED")[0] for line in lines]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("LETTERS", "a b c d e"),
        ("letters", "a b c d e"),
        ("LETTERS, keys=['d', 'a']", "a d"),
        ("LETTERS, first=2", "a b"),
        ("LETTERS, last=2", "d e"),
        ("LETTERS, first=9", "a b c d e"),
        ("LETTERS, first=1, last=1, keys=['c']", "a c e"),
        ("LETTERS, boundaries=True", "a e"),
        ("partitions_def_or_asset_or_job=LETTERS, first=1", "a"),
        ("GRID, first=1", "country=ES|date=2024-01-01"),
        ("GRID, keys=['FR|2024-01-02']", "country=FR|date=2024-01-02"),
        ("SHOPS, dynamic=['x', 'y']", "x y"),
        ("SHOPS, dynamic={'shops': ['x', 'y']}, last=1", "y"),
    ],
)
def test_a_test_runs_once_for_each_key(run, arguments: str, expected: str):
    """The arguments are united, the order is that of the definition, and the ids are the keys."""
    assert ids(run(arguments)) == expected.split()


def test_boundaries_are_the_days_on_which_pipelines_break(run):
    """They include first and last day, month ends and the leap day, but few other days."""
    days = ids(run("DAYS, boundaries=True"))

    assert {"2024-01-01", "2024-01-31", "2024-02-29", "2024-03-02"} <= set(days)
    assert len(days) < 10


def test_boundaries_are_the_hours_of_a_clock_change(run):
    """The clock skips an hour in March and repeats one in October; a leap day has both its ends."""
    hours = "HourlyPartitionsDefinition('2024-{}-00:00', end_date='2024-{}-00:00', timezone='Europe/Berlin')"

    spring = ids(run(f"{hours.format('03-31', '04-01')}, boundaries=True"))
    autumn = ids(run(f"{hours.format('10-27', '10-28')}, boundaries=True"))
    leap = ids(run(f"{hours.format('02-28', '03-02')}, boundaries=True"))

    assert spring == ["2024-03-31-00:00", "2024-03-31-01:00", "2024-03-31-23:00"]
    assert autumn[0] == "2024-10-27-00:00"
    assert [key for key in autumn if key.startswith("2024-10-27-02:00")]
    assert {"2024-02-29-00:00", "2024-02-29-23:00", "2024-03-01-00:00"} <= set(leap)


def test_boundaries_of_two_dimensions_are_combined(run):
    """The boundaries of one dimension are combined with those of the other."""
    assert len(ids(run("GRID, boundaries=True"))) == 4


def test_a_sample_is_always_the_same(run):
    """A test has the same sample in each session."""
    first, again = ids(run("DAYS, sample=5")), ids(run("DAYS, sample=5"))

    assert first == again == sorted(first)
    assert len(first) == 5


def test_a_fixture_may_take_the_key(pytester: pytest.Pytester):
    """A fixture or test that the test requests may take `partition_key`."""
    body = """
    @pytest.fixture
    def upper(partition_key):
        return partition_key.upper()

    @pytest.mark.dag_partitions(LETTERS, last=1)
    def test_one(upper):
        assert upper == "E"
"""
    pytester.makepyfile(HEAD + body)

    pytester.runpytest().assert_outcomes(passed=1)


def test_several_markers_multiply(pytester: pytest.Pytester):
    """The argument is a tuple with the key of each marker: module, class, decorators."""
    body = """
    pytestmark = pytest.mark.dag_partitions(SHOPS, dynamic=["x"])

    @pytest.mark.dag_partitions(LETTERS, keys=["a", "b"])
    class TestLetters:
        def test_of_class(self, partition_key):
            assert partition_key in [("x", "a"), ("x", "b")]

        @pytest.mark.dag_partitions(LETTERS, last=1)
        @pytest.mark.dag_partitions(LETTERS, first=2)
        def test_own(self, partition_key):
            assert partition_key[0] == "x" and partition_key[2] == "e" and partition_key[3] in "ab"
"""
    pytester.makepyfile(HEAD + body)

    result = pytester.runpytest("-v")

    result.assert_outcomes(passed=2 + 4)
    result.stdout.fnmatch_lines(["*::test_own[[]x-a-e-b[]] PASSED*"])


def test_a_generator_of_keys_serves_several_tests(pytester: pytest.Pytester):
    """It is read once, where the marker is written."""
    body = """
    @pytest.mark.dag_partitions(LETTERS, keys=(key for key in "ab"))
    class TestLetters:
        def test_one(self, partition_key): ...
        def test_two(self, partition_key): ...

    @pytest.mark.dag_partitions.with_args(SHOPS, dynamic={"shops": iter(["x", "y"])})
    class TestShops:
        def test_one(self, partition_key): ...
        def test_two(self, partition_key): ...
"""
    pytester.makepyfile(HEAD + body)

    pytester.runpytest().assert_outcomes(passed=8)


def test_dynamic_keys_are_on_the_instance(pytester: pytest.Pytester):
    """A run for a key of `dynamic` finds it, with each bound call, in one or two dimensions."""
    body = """
    from dagflow import asset

    @asset(partitions_def=SHOPS)
    def sales(context):
        return context.partition_key

    PAIRS = MultiPartitionsDefinition({"shop": SHOPS, "letter": LETTERS})

    @asset(partitions_def=PAIRS)
    def letters(context):
        return context.partition_key.keys_by_dimension["shop"]

    @pytest.mark.dag_partitions(sales, dynamic=["x", "y"])
    def test_one(partition_key, dag_instance, materialize, materialize_to_memory):
        assert dag_instance.get_dynamic_partitions("shops") == ["x", "y"]
        assert materialize([sales], partition_key=partition_key).success
        result = materialize_to_memory([sales], partition_key=partition_key)
        assert result.asset_value("sales") == partition_key

    @pytest.mark.dag_partitions(letters, dynamic={"shops": ["x"]}, first=1)
    def test_pair(partition_key, materialize_to_memory):
        assert materialize_to_memory([letters], partition_key=partition_key).asset_value("letters") == "x"

    def test_other(dag_instance):
        assert dag_instance.get_dynamic_partitions("shops") == []
"""
    pytester.makepyfile(HEAD + body)

    pytester.runpytest().assert_outcomes(passed=4)


def test_a_property_may_have_partitions(pytester: pytest.Pytester):
    """`@given` accepts `partition_key`, alone, in a class and with a fixture of its scope."""
    body = """
    from hypothesis import given, settings, strategies as st

    @pytest.mark.dag_partitions(LETTERS, first=2)
    @settings(max_examples=3, database=None)
    @given(number=st.integers())
    def test_property(partition_key, number):
        assert partition_key in "ab"

    @given(number=st.integers())
    @settings(max_examples=3, database=None)
    @pytest.mark.dag_partitions(LETTERS, first=2)
    def test_other_order(partition_key, number):
        assert partition_key in "ab"

    class TestMethods:
        @pytest.mark.dag_partitions(LETTERS, last=2)
        @settings(max_examples=3, database=None)
        @given(number=st.integers())
        def test_property(self, partition_key, number):
            assert partition_key in "de"
"""
    pytester.makepyfile(HEAD + body)

    pytester.runpytest("-W", "error").assert_outcomes(passed=6)


def test_a_wider_scope_is_for_fixtures_of_that_scope(pytester: pytest.Pytester):
    """A module-scoped fixture is set up once for each key."""
    body = """
    counted = []

    @pytest.fixture(scope="module")
    def upper(partition_key):
        counted.append(partition_key)
        return partition_key.upper()

    @pytest.mark.dag_partitions(LETTERS, first=2, scope="module")
    class TestLetters:
        def test_one(self, upper): ...
        def test_two(self, upper): ...

    def test_last():
        assert sorted(counted) == ["a", "b"]
"""
    pytester.makepyfile(HEAD + body)

    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=5)


def test_a_session_fixture_may_take_the_key_of_several_markers(pytester: pytest.Pytester):
    """The widest scope of the markers counts; the keys of a property multiply too."""
    body = """
    from hypothesis import given, settings, strategies as st

    @pytest.fixture(scope="session")
    def pair(partition_key):
        return partition_key

    @pytest.mark.dag_partitions(LETTERS, first=2, scope="session")
    @pytest.mark.dag_partitions(SHOPS, dynamic=["x"])
    def test_one(pair):
        assert pair in [("a", "x"), ("b", "x")]

    @pytest.mark.dag_partitions(LETTERS, first=2)
    @pytest.mark.dag_partitions(SHOPS, dynamic=["x"], sample=1)
    @settings(max_examples=3, database=None)
    @given(number=st.integers())
    def test_property(partition_key, number):
        assert partition_key in [("a", "x"), ("b", "x")]
"""
    pytester.makepyfile(HEAD + body)

    pytester.runpytest("-W", "error").assert_outcomes(passed=4)


def test_a_marker_of_a_module_does_not_concern_its_doctests(pytester: pytest.Pytester):
    """A doctest takes no arguments; the functions of the module have their keys."""
    body = """
    pytestmark = pytest.mark.dag_partitions(LETTERS, first=2)

    def test_one(partition_key):
        '''
        >>> 1 + 1
        2
        '''
"""
    pytester.makepyfile(HEAD + body)

    pytester.runpytest("--doctest-modules").assert_outcomes(passed=3)


def test_where_the_marker_cannot_create_tests_it_is_an_error(pytester: pytest.Pytester):
    """A method of unittest.TestCase has no arguments, and pytest.param comes too late."""
    body = """
    import unittest

    @pytest.mark.dag_partitions(LETTERS)
    class TestCase(unittest.TestCase):
        def test_one(self): ...
"""
    pytester.makepyfile(
        test_case=HEAD + body,
        test_param=HEAD
        + """
    @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.dag_partitions(LETTERS))])
    def test_one(n, partition_key): ...
""",
    )

    result = pytester.runpytest("-p", "no:randomly")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([
        "*::test_one: marker dag_partitions: a method of unittest.TestCase cannot have the argument *",
        "*::test_one[[]2[]]: marker dag_partitions: it has no effect in pytest.param, *",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "*missing 1 required positional argument*"),
        ("LETTERS, frst=1", "*unexpected keyword argument 'frst'*"),
        ("whole", "*whole* has no partitions*"),
        ("7", "7 has no partitions*"),
        ("LETTERS, keys=['z']", "*key 'z' in *"),
        ("LETTERS, keys=[]", "'keys' is empty: list at least one key, or leave it out *"),
        ("LETTERS, keys=iter([])", "'keys' is empty: *"),
        ("SHOPS, dynamic=[]", "the keys of 'shops' are dynamic: list them*"),
        ("SHOPS, dynamic='x'", "'dynamic' must list keys*"),
        ("LETTERS, scope='modul'", "'scope' must be one of function, class, module, *"),
        ("LETTERS, keys='a'", "'keys' must be a list of keys*"),
        ("LETTERS, first=0", "'first' must be an integer of at least 1, not 0"),
        ("LETTERS, sample=True", "'sample' must be an integer of at least 1, not True"),
        ("LETTERS, dynamic=['x']", "'dynamic' defines keys*use 'keys'*"),
        ("SHOPS", "the keys of 'shops' are dynamic*"),
        ("DailyPartitionsDefinition('2024-01-01', end_date='2024-01-01')", "*has no keys"),
    ],
)
def test_a_mistake_is_an_error_at_collection(run, arguments: str, message: str):
    """The message names the test, the marker and a remedy."""
    result = run(arguments)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*::test_one: marker dag_partitions: {message}"])
    result.stdout.no_fnmatch_line("*During handling of the above*")


def test_wrong_arguments_are_shown_with_the_usage(run):
    """The message contains the whole signature."""
    result = run("LETTERS, frst=1")

    result.stdout.fnmatch_lines(["usage: dag_partitions(partitions_def_or_asset_or_job, [*], keys=None,*)"])


def test_a_test_that_does_not_take_the_key_is_an_error(run):
    """A test that does not use its key would repeat the same test."""
    result = run("LETTERS", parameters="")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*::test_one: marker dag_partitions: the test must have the argument 'partition_key'"]
    )


def test_the_fixture_without_the_marker_says_what_is_missing(pytester: pytest.Pytester):
    """The message names the test and the marker."""
    pytester.makepyfile("def test_one(partition_key): pass")

    result = pytester.runpytest()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*::test_one uses 'partition_key'*pytest.mark.dag_partitions(*"])


def test_the_marker_explains_itself(pytester: pytest.Pytester):
    """`--markers` shows the whole signature."""
    result = pytester.runpytest("--markers")

    signature = (
        "keys=None, first=None, last=None, sample=None, boundaries=False, dynamic=None, scope='function'"
    )
    result.stdout.fnmatch_lines(
        [f"@pytest.mark.dag_partitions(partitions_def_or_asset_or_job, [*], {signature}): Run the test once*"]
    )


def test_all_workers_collect_the_same_keys(pytester: pytest.Pytester):
    """New hours may begin while workers start; all workers use the time of the controller."""
    pytest.importorskip("xdist")
    pytester.makeconftest(
        """
        import time

        real, offset = time.time, __import__("os").environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]
        time.time = lambda: real() + 3600 * int(offset)
        """
    )
    body = """
    @pytest.mark.dag_partitions(HourlyPartitionsDefinition("2024-01-01-00:00"), last=2)
    def test_one(partition_key):
        assert partition_key
"""
    pytester.makepyfile(HEAD + body)

    result = pytester.runpytest_subprocess("-n", "2")

    result.assert_outcomes(passed=2)
