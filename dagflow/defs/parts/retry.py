"""How a failed step is tried again."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, check_type
from dagflow.values import Constant

if TYPE_CHECKING:
    from random import Random


class Backoff(Enum):
    """How the wait grows with the attempts."""

    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class Jitter(Enum):
    """How chance spreads the waits."""

    FULL = "FULL"
    PLUS_MINUS = "PLUS_MINUS"


class RetryPolicy(Constant):
    """How often a failed step is tried again, and how long to wait before that.

    Args:
        max_retries: Further attempts after the first.
        delay: Seconds to wait; None waits not at all.
        backoff: LINEAR waits `delay * n` before retry n, EXPONENTIAL `delay * (2**n - 1)`; None always
            `delay`.
        jitter: FULL takes a random wait between 0 and the computed one, PLUS_MINUS one within `delay` of it.

    Raises:
        DagflowInvalidDefinitionError: Backoff or jitter without a delay.

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
        check_type(self.max_retries, int, "max_retries")
        if self.delay is None:
            for name in ("backoff", "jitter"):
                if getattr(self, name) is not None:
                    raise DagflowInvalidDefinitionError(f"a RetryPolicy with '{name}' needs a 'delay'")
        elif isinstance(self.delay, bool) or not isinstance(self.delay, (int, float)):
            raise ParameterCheckError(f"parameter 'delay' must be a number of seconds, not {self.delay!r}")
        elif self.delay < 0:
            raise DagflowInvalidDefinitionError(
                f"parameter 'delay' must not be negative, but is {self.delay!r}"
            )
        if self.backoff is not None:
            check_type(self.backoff, Backoff, "backoff")
        if self.jitter is not None:
            check_type(self.jitter, Jitter, "jitter")

    def calculate_delay(self, number: int, random: Random | None = None) -> float:
        """The wait before retry `number` (from 1), in seconds.

        Args:
            number: Which retry.
            random: The source of chance for a jitter; default: Python's shared one.
        """
        if self.delay is None:
            return 0
        factor: int = {None: 1, Backoff.LINEAR: number, Backoff.EXPONENTIAL: 2**number - 1}[self.backoff]
        wait = self.delay * factor
        if self.jitter is None:
            return wait
        if random is None:
            from random import Random as Source  # only a jitter needs it

            random = Source()
        low, high = (0.0, wait) if self.jitter is Jitter.FULL else (wait - self.delay, wait + self.delay)
        return float(random.uniform(low, high))
