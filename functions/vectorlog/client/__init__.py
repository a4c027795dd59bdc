"""A client of this API, for commands that work on any server of it."""
