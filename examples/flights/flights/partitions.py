"""The partitions: airports, days and months, and airports by month."""

from __future__ import annotations

from dagflow import (
    DailyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
)

TIMEZONE = "America/New_York"

ORIGINS = StaticPartitionsDefinition(["EWR", "JFK", "LGA"])
DAYS = DailyPartitionsDefinition("2013-01-01", end_date="2014-01-01", timezone=TIMEZONE)
MONTHS = MonthlyPartitionsDefinition("2013-01-01", end_date="2014-01-01", timezone=TIMEZONE)
ORIGIN_MONTHS = MultiPartitionsDefinition({"month": MONTHS, "origin": ORIGINS})
"""Keys are "2013-01-01|EWR": the dimensions in alphabetical order."""
