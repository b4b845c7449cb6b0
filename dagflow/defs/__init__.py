"""User definitions: ops, graphs, jobs, assets, resources. Immutable by convention; a change is a copy."""
