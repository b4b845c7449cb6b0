"""What the reference is told: to tell nobody that it was run."""

from __future__ import annotations

import os

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
