"""What the executors with workers share."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow.errors import DagflowUnmetExecutorRequirementsError
from dagflow.executors.tasks import pickled


class Shy:
    """Something that does not want to be pickled."""

    def __reduce__(self) -> Any:
        raise ValueError("not me")


def test_whatever_keeps_a_value_from_travelling() -> None:
    """The error says which value, why, and what to do, also where user code refuses."""
    with pytest.raises(DagflowUnmetExecutorRequirementsError, match=r"step 'brew'.*not me.*in-process"):
        pickled(Shy(), "step 'brew'")
