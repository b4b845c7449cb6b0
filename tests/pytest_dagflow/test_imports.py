"""The runtime is imported without the assertion rewriting of pytest."""

from __future__ import annotations

import pytest

TEST = """
    import sys

    def test_loader():
        import dagflow.keys
        assert type(dagflow.keys.__loader__).__name__ == {loader!r}
        assert "rewritten" in sys.modules and type(sys.modules["rewritten"].__loader__).__name__ == {other!r}
"""
HOOK, FILES = "AssertionRewritingHook", "SourceFileLoader"


@pytest.mark.parametrize(("options", "loader"), [((), FILES), (("-p", "no:dagflow"), HOOK)])
def test_only_the_runtime_is_not_rewritten(
    all_plugins: pytest.Pytester, options: tuple[str, ...], loader: str
) -> None:
    """Modules of the runtime come from Python's own loader; without the plugin pytest would rewrite them."""
    all_plugins.makeconftest(
        """
        import pytest
        pytest.register_assert_rewrite("dagflow", "rewritten")
        import rewritten
        """
    )
    all_plugins.makepyfile(rewritten="", test_it=TEST.format(loader=loader, other=HOOK))

    all_plugins.runpytest_subprocess("-p", "no:cacheprovider", *options).assert_outcomes(passed=1)


def test_the_finder_is_removed(all_plugins: pytest.Pytester) -> None:
    """After a session the finder is not part of the import system of the process."""
    program = "import sys, pytest; pytest.main(['-q', '--collect-only']); print('finders', sys.meta_path)"

    (line,) = [line for line in all_plugins.run("python", "-c", program).outlines if "finders" in line]

    assert "RuntimeFinder" not in line
