"""The dialect of cron expressions in plain numbers."""

from __future__ import annotations

import pytest

from dagflow.partitions.cron_fields import in_plain_numbers


@pytest.mark.parametrize(
    ("expression", "plain"),
    [
        ("*/20 0-3 * * *", "0,20,40 0,1,2,3 * * *"),
        ("5 22-1 L,15 Nov-jan 7", "5 0,1,22,23 15,L 1,11,12 0"),
        ("0 0 29-L/2 * ?", "0 0 29,31 * *"),
        ("0 5-5 ? * *", "0 * * * *"),
        ("0 0 */16 * */3", "0 0 1,17 * 0,3,6"),
        ("0 0 * * mon#2,L5", "0 0 * * 1#2,5L"),
        ("0 0 8-14 * 1#2", "0 0 * * 1#2"),
        ("0 0 L * 5#4", "0 0 * * 5#4"),
    ],
)
def test_fields(expression: str, plain: str) -> None:
    """Names, steps, wrapped ranges and special days become lists of numbers; all numbers become a star."""
    assert in_plain_numbers(expression.split()) == plain


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("60 0 * * *", "'60' is not a minute from 0 to 59"),
        ("0 1-24 * * *", "'24' is not a hour from 0 to 23"),
        ("0 0 0 * *", "'0' is not a day of month from 1 to 31"),
        ("0 0 * FEB-XXX *", "'XXX' is not a month from 1 to 12"),
        ("0 0 * * 8", "'8' is not a day of week from 0 to 6"),
        ("0 0 * MON *", "'MON' is not a month"),
        ("*/0 0 * * *", "'0' in '\\*/0' is not a step of at least 1"),
        ("*/x 0 * * *", "'X' in '\\*/X' is not a step"),
        ("1,,2 0 * * *", "'' is not a minute"),
        ("0 0 LW * *", "'LW' is not a day of month"),
        ("0 0 15W * *", "'15W' is not a day of month"),
        ("0 0 L-2 * *", "'L' is not a day of month"),
        ("0 0 * * 5L", "'5L' is not a day of week"),
        ("0 0 * * L", "'L' is not a day of week"),
        ("0 0 * * 1#6", "'1#6' is not a day of week"),
        ("0 0 * * 1-5#2", "'5#2' is not a day of week"),
        ("0 R * * *", "'R' is not a hour"),
        ("0 0 * * 1,2#2", "'1,2#2' has days of every week and of one week"),
        ("0 0 1 * 1#2", "'1#2' is never one of the days of month '1'"),
    ],
)
def test_invalid_fields(expression: str, reason: str) -> None:
    """The message names the invalid part and the valid values."""
    with pytest.raises(ValueError, match=reason):
        in_plain_numbers(expression.split())
