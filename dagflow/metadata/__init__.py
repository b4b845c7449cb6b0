"""Metadata: `value.py` has the common classes, `table.py` and `code.py` those for tables and code references.

Definitions, outputs, materializations and checks have metadata: a dict of `MetadataValue`s by name. Users
mostly write plain values (`{"rows": 3}`), which `normalize_metadata` wraps. `MetadataValue.md(...)` and the
other constructors are for values that have no plain form. Values are immutable and equal by content.
"""
