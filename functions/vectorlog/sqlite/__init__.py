"""SQLite for the local edition."""
