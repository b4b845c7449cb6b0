"""The retries of a failed step: RetryPolicy, Backoff and Jitter."""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import TYPE_CHECKING

from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, check_type, repr_of
from dagflow.values import Constant

if TYPE_CHECKING:
    from random import Random


class Backoff(Enum):
    """The growth of the wait with each retry."""

    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class Jitter(Enum):
    """The random part of the wait."""

    FULL = "FULL"
    PLUS_MINUS = "PLUS_MINUS"


class RetryPolicy(Constant):
    """The number of retries of a failed step, and the wait before each.

    Args:
        max_retries: The number of attempts after the first.
        delay: The wait in seconds; None: no wait.
        backoff: The wait before retry n: `delay * n` (LINEAR), `delay * (2**n - 1)` (EXPONENTIAL), or
            `delay` (None).
        jitter: FULL: a random wait between 0 and the computed wait. PLUS_MINUS: a random wait at most
            `delay` below or above it.

    Raises:
        DagflowInvalidDefinitionError: Backoff or jitter without a delay, a negative or infinite delay, or a
            negative `max_retries`.

    Example:
        >>> [RetryPolicy(3, delay=1, backoff=Backoff.EXPONENTIAL).calculate_delay(n) for n in (1, 2, 3)]
        [1, 3, 7]
    """

    __slots__ = ("max_retries", "delay", "backoff", "jitter")  # noqa: RUF023 - as the parameters

    max_retries: int
    delay: float | None
    backoff: Backoff | None
    jitter: Jitter | None

    def __init__(
        self,
        max_retries: int = 1,
        delay: float | None = None,
        backoff: Backoff | None = None,
        jitter: Jitter | None = None,
    ) -> None:
        self._set(max_retries=max_retries, delay=delay, backoff=backoff, jitter=jitter)
        if check_type(self.max_retries, int, "max_retries") < 0:
            raise DagflowInvalidDefinitionError(
                f"parameter 'max_retries' must not be negative, but is {repr_of(self.max_retries)}"
            )
        if self.delay is None:
            for name in ("backoff", "jitter"):
                if getattr(self, name) is not None:
                    raise DagflowInvalidDefinitionError(f"a RetryPolicy with '{name}' needs a 'delay'")
        elif isinstance(self.delay, bool) or not isinstance(self.delay, (int, float)):
            raise ParameterCheckError(
                f"parameter 'delay' must be a number of seconds, not {repr_of(self.delay)}"
            )
        elif not 0 <= self.delay < inf:
            raise DagflowInvalidDefinitionError(
                f"parameter 'delay' must be a finite number of seconds, 0 or more, but is "
                f"{repr_of(self.delay)}"
            )
        if self.backoff is not None:
            check_type(self.backoff, Backoff, "backoff")
        if self.jitter is not None:
            check_type(self.jitter, Jitter, "jitter")

    def calculate_delay(self, attempt_num: int, random: Random | None = None) -> float:
        """Return the wait before a retry, in seconds.

        Args:
            attempt_num: The number of the retry, from 1.
            random: The random generator for a jitter; default: a new one.
        """
        if self.delay is None:
            return 0
        factor: int = {None: 1, Backoff.LINEAR: attempt_num, Backoff.EXPONENTIAL: 2**attempt_num - 1}[
            self.backoff
        ]
        wait = self.delay * factor
        if self.jitter is None:
            return wait
        if random is None:
            from random import Random as Source  # only a jitter needs it

            random = Source()
        low, high = (0.0, wait) if self.jitter is Jitter.FULL else (wait - self.delay, wait + self.delay)
        return float(random.uniform(low, high))
