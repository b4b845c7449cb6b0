"""Tests of the hooks that the plugin offers to other plugins: each has a plugin that implements it."""

from __future__ import annotations

import pytest

KITCHEN = """
    from dagflow import Definitions, asset, define_asset_job

    @asset
    def water():
        return 1

    @asset(required_resource_keys={"pump", "stove"})
    def coffee(context, water):
        return f"{context.resources.pump}, {context.resources.stove}"

    @asset
    def broken():
        raise ValueError("the password is hunter2")

    definitions = Definitions(assets=[water, broken])
"""

REDACT = """
    def hide(text):
        return text and text.replace("hunter2", "***")

    def without_secret(error):
        if error is None:
            return None
        return error._replace(
            message=hide(error.message),
            stack=[hide(line) for line in error.stack],
            cause=without_secret(error.cause),
            context=without_secret(error.context),
        )

    def pytest_dagflow_redact(event):
        data = event.event_specific_data
        if event.is_failure:
            data = data._replace(error=without_secret(data.error))
        return event.with_changes(message=hide(event.message), event_specific_data=data)
"""

CAUGHT = """
    import pytest
    from dagflow import materialize_to_memory
    from kitchen import broken

    @pytest.fixture
    def result():
        return materialize_to_memory([broken], raise_on_error=False)
"""


@pytest.fixture
def kitchen(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project with two assets that work and one that fails with a secret in its error."""
    pytester.makepyfile(kitchen=KITCHEN)
    pytester.syspathinsert()
    return pytester


def test_resources(kitchen: pytest.Pytester):
    """Resources of plugins are below those of the project; by key, the plugin that is called first wins."""
    kitchen.makepyfile(
        first="import pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_dagflow_resources(item):\n"
        "    return {'pump': item.name, 'stove': 'first'}",
        second="def pytest_dagflow_resources():\n    return {'pump': 'second', 'stove': 'second'}",
        third="def pytest_dagflow_resources(item):\n    return None",
        test_it="""
        import pytest
        from kitchen import coffee, water

        @pytest.fixture
        def dag_resources():
            return {"stove": "of the project"}

        def test_run(materialize_to_memory):
            result = materialize_to_memory([water, coffee])

            assert result.asset_value("coffee") == "test_run, of the project"

        def test_context(build_asset_context):
            assert coffee(build_asset_context(), 1) == "test_context, of the project"

        def test_sandbox(dag_sandbox):
            with dag_sandbox() as dag:
                result = dag.materialize_to_memory([water, coffee])

            assert result.asset_value("coffee") == "test_sandbox, first"
        """,
    )

    result = kitchen.runpytest_inprocess("-p", "first", "-p", "second", "-p", "third")

    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return ['pump']", "* must return resources by key, as in {'db': db}, or None, not [[]'pump'[]]"),
        ("raise LookupError('no pump')", "*: LookupError: no pump (conftest.py:2)"),
    ],
)
def test_wrong_resources(kitchen: pytest.Pytester, body: str, message: str):
    """Another result, or an error, fails the test, and names the hook and the plugin."""
    kitchen.makeconftest(f"def pytest_dagflow_resources(item):\n    {body}")
    kitchen.makepyfile("def test_it(materialize_to_memory): pass")

    result = kitchen.runpytest_inprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"hook pytest_dagflow_resources of plugin 'conftest.py'{message}"])
    result.stdout.no_fnmatch_line("*Traceback*")


EVENTS = """
    import pytest
    from dagflow import materialize_to_memory
    from kitchen import water

    @pytest.fixture(scope="module")
    def earlier():
        return materialize_to_memory([water])

    @pytest.fixture
    def later():
        yield
        materialize_to_memory([water])

    def test_first(earlier, later):
        materialize_to_memory([water])

    def test_second(earlier):
        pass
"""


def test_events(kitchen: pytest.Pytester):
    """The hook receives each event of a test and its fixtures in order, in the folder of its conftest."""
    kitchen.makeconftest(
        """
        seen = []

        def pytest_dagflow_event(item, event):
            seen.append((item.name, event.event_type.name, event.step_key))

        def pytest_unconfigure():
            assert {name for name, _, _ in seen} == {"test_first"}
            kinds = [kind for _, kind, _ in seen]
            assert kinds.count("RUN_START") == 3
            assert len(kinds) % 3 == 0 and kinds[0] == "RUN_START" and kinds[-1] == "RUN_SUCCESS"
            assert ("test_first", "STEP_SUCCESS", "water") in seen
            print("all events seen")
        """
    )
    kitchen.makepyfile(test_it=EVENTS)
    other = kitchen.mkdir("other").joinpath("conftest.py")
    other.write_text("def pytest_dagflow_event(event):\n    assert False, 'of another folder'\n")

    result = kitchen.runpytest_inprocess("test_it.py", "other")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["all events seen"])


def test_an_error_for_an_event(kitchen: pytest.Pytester):
    """It ends the run and fails the test, also where the test expects an error; the next test runs."""
    kitchen.makeconftest(
        """
        def pytest_dagflow_event(item, event):
            if item.name == "test_it" and event.is_step_success:
                raise LookupError("no place for it")
        """
    )
    kitchen.makepyfile(
        """
        import pytest
        from dagflow import materialize_to_memory
        from kitchen import water

        def test_it():
            with pytest.raises(Exception):
                materialize_to_memory([water])

        def test_other():
            assert materialize_to_memory([water]).success
        """
    )

    result = kitchen.runpytest_inprocess()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["hook pytest_dagflow_event of plugin 'conftest.py': LookupError: no place for it (conftest.py:3)"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_no_observer_without_an_implementation(kitchen: pytest.Pytester):
    """A run has no observer of events if no plugin implements the hook."""
    kitchen.makepyfile(
        """
        from dagflow.observers import current_observers

        def test_it():
            assert len(current_observers()) == 0
        """
    )

    kitchen.runpytest_subprocess().assert_outcomes(passed=1)


def test_link(kitchen: pytest.Pytester):
    """A plugin ties tests to names, expressions and definitions; the explanation names the plugin."""
    kitchen.makeini("[pytest]\ndag_definitions = kitchen:definitions")
    kitchen.makeconftest(
        """
        import kitchen

        def pytest_dagflow_link(item):
            if item.name == "test_all":
                yield "*broken"
                yield [kitchen.water]
        """
    )
    kitchen.makepyfile("def test_all(): pass\ndef test_none(): pass")

    result = kitchen.runpytest_inprocess("--dag-select", "water", "--dag-explain")

    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["*::test_all: kept: broken, water (linked by plugin conftest.py)"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "return 'water'",
            " must return a list of names, *, as in [[]'water', orders[]], or None, not 'water'",
        ),
        ("return [3]", " must return a list of names, *: a list without, not 3"),
        ("yield 1 / 0", ": ZeroDivisionError: division by zero (conftest.py:2)"),
        ("return 1 / 0", ": ZeroDivisionError: division by zero (conftest.py:2)"),
    ],
)
def test_wrong_links(kitchen: pytest.Pytester, body: str, message: str):
    """Another result, or an error, is a usage error that names the hook and the plugin."""
    kitchen.makeini("[pytest]\ndag_definitions = kitchen:definitions")
    kitchen.makeconftest(f"def pytest_dagflow_link(item):\n    {body}")
    kitchen.makepyfile("def test_it(): pass")

    result = kitchen.runpytest_inprocess("--dag-select", "water")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: hook pytest_dagflow_link of plugin 'conftest.py'{message}"])


def test_redacted_reports(kitchen: pytest.Pytester):
    """The section of a report and the messages of assertions have the replaced texts; assertions compare the
    actual ones.
    """
    kitchen.makeconftest(REDACT)
    kitchen.makepyfile(
        CAUGHT
        + """
    from pytest_dagflow import assert_event_sequence, assert_failed, assert_succeeded, ev

    def test_section(result):
        assert_failed(result, "broken", match="hunter[2]")
        raise KeyError

    def test_succeeded(result):
        assert_succeeded(result)

    def test_error(result):
        assert_failed(result, error=KeyError)

    def test_sequence(result):
        assert_event_sequence(result, [ev.step_failure("broken", error=KeyError)])

    def test_forbidden(result):
        assert_event_sequence(result, ["STEP_FAILURE"], forbid=["RUN_FAILURE"])
    """
    )

    result = kitchen.runpytest_inprocess("-v")

    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(
        [
            "*run of assets: failed*",
            "*broken  failed in * ValueError: the password is [*][*][*]",
            "*: the run did not succeed: 'broken' failed with ValueError: the password is [*][*][*]",
        ]
    )
    result.stdout.no_fnmatch_line("*hunter2*")
    tracebacks = str(result.stdout).count('    raise ValueError("the password is ***")')
    assert tracebacks == 5, "one for each test"


def test_redacted_files(kitchen: pytest.Pytester):
    """The test that --dag-save-failed writes has the replaced texts."""
    kitchen.makeconftest(REDACT)
    kitchen.makepyfile(CAUGHT + "\n    def test_it(result):\n        assert result.success\n")

    result = kitchen.runpytest_inprocess("--dag-save-failed=saved")

    result.assert_outcomes(failed=1)
    (written,) = (kitchen.path / "saved").glob("*.py")
    text = written.read_text(encoding="utf-8")
    assert "the password is ***" in text
    assert "hunter2" not in text


def test_plugins_redact_one_after_the_other(kitchen: pytest.Pytester):
    """Each plugin gets the event that the plugin before it returned."""
    kitchen.makeconftest(REDACT)
    kitchen.makepyfile(
        last="""
        import pytest

        @pytest.hookimpl(trylast=True)
        def pytest_dagflow_redact(event):
            if event.is_step_failure:
                assert "***" in event.step_failure_data.error.cause.message
            if event.event_type.name == "RUN_FAILURE":
                return event.with_changes(message="the last word")
        """,
        test_it=CAUGHT + "\n    def test_it(result):\n        assert result.success\n",
    )

    result = kitchen.runpytest_inprocess("-p", "last", "-v")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RUN_FAILURE * the last word"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "return 'hidden'",
            " must return an event, as event.with_changes(message='...') *, or None, not a str",
        ),
        ("return event.with_changes(step_key='other')", " must keep the step_key of the event: it was *"),
        (
            "return event.with_changes(event_specific_data=3)",
            " must keep the class of event_specific_data: *",
        ),
        ("assert event.event_specific_data == 1", " raised AssertionError (conftest.py:2)"),
    ],
)
def test_a_wrong_redaction_shows_nothing(kitchen: pytest.Pytester, body: str, message: str):
    """No event is shown or written if the hook raises or returns something else; the report says why."""
    kitchen.makeconftest(f"def pytest_dagflow_redact(event):\n    {body}")
    kitchen.makepyfile(
        CAUGHT
        + """
    from pytest_dagflow import assert_succeeded

    def test_it(result):
        assert result.success

    def test_assertion(result):
        assert_succeeded(result)
    """
    )

    result = kitchen.runpytest_inprocess("-v", "--dag-save-failed=saved")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "the runs of this test are not shown or saved: hook pytest_dagflow_redact of plugin 'conftest.py'"
            f"{message}",
            "dag-save-failed: wrote no test",
            "dag-save-failed: *::test_it: the runs of this test are not shown or saved: *",
        ]
    )
    result.stdout.no_fnmatch_line("*hunter2*")
    assert not (kitchen.path / "saved").exists()


def test_smoke(kitchen: pytest.Pytester):
    """Each message fails the item of its definition, and names its plugin; None and no message pass."""
    kitchen.makeini("[pytest]\ndag_definitions = kitchen:definitions")
    kitchen.makeconftest(
        """
        from dagflow import AssetsDefinition

        def pytest_dagflow_smoke(definition):
            if isinstance(definition, AssetsDefinition) and definition.key.to_user_string() == "water":
                yield "water has no owner"
                yield "water has no group"
        """
    )
    kitchen.makepyfile(
        other="def pytest_dagflow_smoke(definition):\n    if 'water' in str(definition): return 'too cold'",
    )

    result = kitchen.runpytest_inprocess("-p", "other", "--dag-smoke")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines_random(
        [
            "water has no owner",
            "water has no group",
            "too cold",
            "  found by plugin conftest.py",
            "  found by plugin other",
            "  asset 'water' is defined at kitchen.py:*",
        ]
    )


def test_wrong_smoke_tests(kitchen: pytest.Pytester):
    """A result that is no message fails the item, and names the hook and the plugin."""
    kitchen.makeini("[pytest]\ndag_definitions = kitchen:definitions")
    kitchen.makeconftest("def pytest_dagflow_smoke(definition):\n    return 3")

    one = kitchen.runpytest_inprocess("dag-smoke::asset:water")
    kitchen.makeconftest("def pytest_dagflow_smoke(definition):\n    return [3]")
    two = kitchen.runpytest_inprocess("dag-smoke::asset:water")

    name = "hook pytest_dagflow_smoke of plugin 'conftest.py'"
    one.stdout.fnmatch_lines([f"{name} must return a message, a list of messages or None, not 3"])
    two.stdout.fnmatch_lines([f"{name} must return messages, which are strings, not 3"])


def test_definitions(kitchen: pytest.Pytester):
    """The first result wins; an error is that of the test or the session, and names the hook."""
    kitchen.makeconftest(
        """
        def pytest_dagflow_definitions(config):
            import kitchen
            return kitchen.definitions
        """
    )
    kitchen.makepyfile(
        later="import pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_dagflow_definitions():\n    raise LookupError('not called')",
        broken_plugin="def pytest_dagflow_definitions():\n    raise LookupError('no file')",
        test_it="def test_it(dag_run):\n    assert dag_run('water').success",
    )

    passed = kitchen.runpytest_inprocess("-p", "later", "--dag-select", "water")
    (kitchen.path / "conftest.py").unlink()
    failed = kitchen.runpytest_inprocess("-p", "broken_plugin")
    ended = kitchen.runpytest_inprocess("-p", "broken_plugin", "--dag-select", "water")

    message = (
        "hook pytest_dagflow_definitions of plugin 'broken_plugin': LookupError: no file (broken_plugin.py:2)"
    )
    passed.assert_outcomes(passed=1)
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines([message])
    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_an_object_as_a_plugin(kitchen: pytest.Pytester):
    """The error names the class of an object that is registered without a name."""
    kitchen.makeconftest(
        """
        class Team:
            def pytest_dagflow_resources(self, item):
                raise LookupError(item.name)

        def pytest_configure(config):
            config.pluginmanager.register(Team())
        """
    )
    kitchen.makepyfile("def test_it(materialize_to_memory): pass")

    result = kitchen.runpytest_inprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["hook pytest_dagflow_resources of plugin 'Team': LookupError: test_it (*"])


def test_a_wrapper(kitchen: pytest.Pytester):
    """A wrapper is an error that names the hook and the plugin."""
    kitchen.makeconftest(
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_dagflow_resources(item):
            return (yield)
        """
    )
    kitchen.makepyfile("def test_it(materialize_to_memory): pass")

    result = kitchen.runpytest_inprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["hook pytest_dagflow_resources of plugin 'conftest.py' is a wrapper, which*"]
    )
