"""What can be said about a value: `value.py` has what most use, `table.py` and `code.py` the rest.

Definitions, outputs, materializations and checks carry metadata: a dict of names and `MetadataValue`s. Users
mostly write plain values (`{"rows": 3}`), which `normalize_metadata` wraps; `MetadataValue.md(...)` and its
siblings say what a plain value cannot. Values are small, immutable and equal by content.
"""
