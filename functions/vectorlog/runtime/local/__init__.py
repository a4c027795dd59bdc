"""The local edition: everything in one process, from one folder."""
