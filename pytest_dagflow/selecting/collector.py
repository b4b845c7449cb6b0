"""The pause of the garbage collector, during work that keeps nearly all that it allocates."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the collector, which would walk through all collected tests and blocks of code many times.

    Objects without a cycle are freed as always. The collector is on again afterwards if it was on before.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
