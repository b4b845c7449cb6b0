"""The marks of packages: public, deprecated, superseded, beta and preview."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

from dagflow import resource
from dagflow.compat import marks
from dagflow.compat.warning_classes import (
    BetaWarning,
    PreviewWarning,
    SupersessionWarning,
    disable_dagster_warnings,
    normalize_renamed_param,
    suppress_dagster_warnings,
)
from dagflow.errors import CheckError


def issued(call: Callable[[], Any]) -> list[tuple[type[Warning], str]]:
    """Return the warnings of a call, each with its message. They name this file."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    assert all(each.filename == __file__ for each in found)
    return [(each.category, str(each.message)) for each in found]


def pour() -> int:
    """Do nothing."""
    return 1


@pytest.mark.parametrize(
    ("mark", "category", "message"),
    [
        (marks.deprecated(breaking_version="2.0"), DeprecationWarning, "will be removed in 2.0."),
        (marks.superseded(additional_warn_text="Use it."), SupersessionWarning, "is discouraged. Use it."),
        (marks.beta, BetaWarning, "Function `pour` is currently in beta and may change."),
        (marks.preview, PreviewWarning, "Function `pour` is currently in preview and may change."),
    ],
)
def test_functions(mark: Callable[..., Any], category: type[Warning], message: str) -> None:
    """A call of a marked function warns at the line of the call, and returns the value."""
    marked = mark(pour)

    ((found, text),) = issued(marked)
    assert found is category
    assert text.endswith(message)
    assert marked.__name__ == "pour"


def test_marks_can_be_read() -> None:
    """Each mark is known afterwards; `public` and a mark without a warning change nothing else."""
    quiet = marks.deprecated(breaking_version="2.0", emit_runtime_warning=False)

    assert marks.is_public(marks.public(pour))
    assert marks.is_deprecated(quiet(pour))
    assert marks.is_superseded(marks.superseded(pour))
    assert marks.is_beta(marks.beta(pour))
    assert marks.is_preview(marks.preview(pour))
    assert quiet(pour) is pour
    assert not issued(pour)


def test_classes_and_methods() -> None:
    """A class warns when an object is made. Properties, class methods and static methods can be marked."""

    @marks.beta
    class Cup:
        def __init__(self, size: int) -> None:
            self.size = size

        @marks.deprecated(breaking_version="2")
        @property
        def volume(self) -> int:
            return self.size

        @marks.preview
        @staticmethod
        def static() -> int:
            return 8

        @marks.preview
        @classmethod
        def of_class(cls) -> int:
            return 9

        @marks.public
        @property
        def colour(self) -> str:
            return "blue"

    assert issued(lambda: Cup(3))[0][0] is BetaWarning
    with disable_dagster_warnings():
        cup = Cup(3)
    assert issued(lambda: cup.volume)[0][1] == "Property `Cup.volume` is deprecated and will be removed in 2."
    assert [each for each, _ in issued(lambda: (Cup.static(), Cup.of_class()))] == [PreviewWarning] * 2
    assert issued(lambda: cup.colour) == []
    assert isinstance(cup, Cup)


def test_parameters() -> None:
    """A marked parameter warns if it is given and not None, by position or name."""

    @marks.beta_param(param="milk")
    @marks.deprecated_param(param="sugar", breaking_version="2.0", additional_warn_text="No.")
    def brew(size: int, sugar: int | None = None, milk: int | None = None) -> int:
        return size

    assert not issued(lambda: brew(1, None))
    assert [each for each, _ in issued(lambda: brew(1, 2, milk=3))] == [BetaWarning, DeprecationWarning]
    assert "Parameter `sugar` of function `" in issued(lambda: brew(1, 2))[0][1]


def test_hidden_parameters() -> None:
    """Only hidden parameters are accepted among further keywords."""

    @marks.hidden_param(param="old", breaking_version="2.0")
    def brew(**kwargs: Any) -> Any:
        marks.only_allow_hidden_params_in_kwargs(brew, kwargs)
        return kwargs

    assert issued(lambda: brew(old=3))[0][0] is DeprecationWarning
    with pytest.raises(TypeError, match="brew got an unexpected keyword argument 'new'"):
        brew(new=3)


def test_definitions() -> None:
    """A definition stays the same object."""
    made = resource(lambda: 1)

    assert marks.beta(made) is made


def test_warnings_can_be_suppressed() -> None:
    """The warnings of a function are suppressed in each call."""
    assert not issued(suppress_dagster_warnings(marks.beta(pour)))


def test_renamed_parameters() -> None:
    """One of the two names may be given, and the old value may be converted."""
    assert normalize_renamed_param(1, "new", None, "old") == 1
    assert normalize_renamed_param(None, "new", 2, "old", lambda value: value * 2) == 4
    with pytest.raises(CheckError, match='"old" is the old name'):
        normalize_renamed_param(1, "new", 2, "old")
