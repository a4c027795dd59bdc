"""The event log: the one thing that everything else is derived from."""
