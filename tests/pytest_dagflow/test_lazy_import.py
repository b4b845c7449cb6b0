"""Tests of the modules that a session loads if no test uses dagflow."""

from __future__ import annotations

import pytest

SELECTION = "pytest_dagflow.selecting.select"
COVERAGE, MUTATING = "pytest_dagflow.coverage", "pytest_dagflow.mutating"
MODULES = (
    "dagflow",
    SELECTION,
    COVERAGE,
    MUTATING,
    "hypothesis",
    "coverage",
    "pydantic",
    "sqlalchemy",
    "yaml",
)


@pytest.fixture
def loaded(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Run pytest, with this plugin and no other, and return the modules of `MODULES` that it loaded."""
    monkeypatch.delenv("PYTEST_ADDOPTS")
    pytester.makeconftest(
        f"""
        import sys

        def pytest_unconfigure():
            print("loaded:", *[name for name in {MODULES} if name in sys.modules])
        """
    )

    def run(*arguments: str) -> list[str]:
        result = pytester.runpytest_subprocess("-p", "pytest_dagflow.plugin", "--strict-markers", *arguments)
        assert result.ret == 0, str(result.stdout) + str(result.stderr)
        (line,) = (line for line in result.outlines if line.startswith("loaded:"))
        return line.split()[1:]

    return run


PLAIN = """
    import pytest

    @pytest.fixture
    def number():
        return 1

    @pytest.mark.parametrize("other", [1, 2])
    def test_plain(number, other):
        assert number
"""


def test_a_session_without_a_dag_loads_nothing(pytester: pytest.Pytester, loaded):
    """dagflow, its libraries and the selection of tests are not imported."""
    pytester.makepyfile(PLAIN)

    assert loaded() == []


@pytest.mark.parametrize("option", ["--markers", "--fixtures", "--help", "--collect-only"])
def test_help_loads_nothing(pytester: pytest.Pytester, loaded, option: str):
    """`--help` does not import dagflow."""
    pytester.makepyfile(PLAIN)

    assert loaded(option) == []


def test_a_name_of_the_plugin_loads_the_runtime(pytester: pytest.Pytester, loaded):
    """An import from the plugin into a test module imports dagflow, and no other library."""
    pytester.makepyfile(
        """
        from pytest_dagflow import assert_succeeded

        def test_one():
            assert callable(assert_succeeded)
        """
    )

    assert loaded() == ["dagflow"]


@pytest.mark.parametrize(("use", "modules"), [("ev.__name__", []), ("ev.run_start", ["dagflow"])])
def test_ev_loads_the_runtime_at_the_first_use_of_a_function(pytester: pytest.Pytester, loaded, use, modules):
    """The import of `ev` into a test module does not import dagflow."""
    pytester.makepyfile(f"""
        from pytest_dagflow import ev

        def test_one():
            assert {use}
    """)

    assert loaded() == modules


def test_a_selection_loads_the_runtime(pytester: pytest.Pytester, loaded):
    """Only an option of the selection loads its modules, and with them dagflow."""
    pytester.makepyfile(PLAIN)

    assert loaded("--dag-explain") == ["dagflow", SELECTION]


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    """The lazy package raises the error of a module."""
    import pytest_dagflow

    with pytest.raises(AttributeError, match="'pytest_dagflow' has no attribute 'nope'"):
        pytest_dagflow.nope  # noqa: B018
    assert set(pytest_dagflow.__all__) <= set(dir(pytest_dagflow))


def test_each_exported_name_exists():
    """Each name in `__all__` can be imported."""
    import pytest_dagflow

    assert all(getattr(pytest_dagflow, name) is not None for name in pytest_dagflow.__all__)
