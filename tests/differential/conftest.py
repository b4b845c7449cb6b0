"""The environment of the reference: telemetry is disabled."""

from __future__ import annotations

import os

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
