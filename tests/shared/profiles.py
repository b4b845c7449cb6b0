"""The number of examples of a property that chooses it itself, by the profile of hypothesis.

The profiles are in `tests/conftest.py`: `quick` is that of the gate, `thorough` that of a long search.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings

ASKED = settings().max_examples
IS_QUICK = ASKED <= 10
IS_THOROUGH = ASKED >= 500


def number(usual: int, thorough: int = ASKED) -> int:
    """Return the number of examples: `usual`, a third of it if quick, `thorough` if thorough."""
    if IS_THOROUGH:
        return thorough
    return max(usual // 3, min(usual, 3)) if IS_QUICK else usual


def examples(usual: int, thorough: int = ASKED, **options: Any) -> settings:
    """Return settings for so many examples. They are always the same ones, except in a thorough profile."""
    return settings(max_examples=number(usual, thorough), derandomize=not IS_THOROUGH, **options)
