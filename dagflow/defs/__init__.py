"""What the user wrote: ops, graphs, jobs, assets, resources. Immutable by habit; a change is a copy."""
