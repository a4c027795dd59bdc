"""SQLite as the local edition uses it."""
