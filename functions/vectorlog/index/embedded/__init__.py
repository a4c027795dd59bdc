"""The chunk index of the local edition: numpy over SQLite, exact."""
