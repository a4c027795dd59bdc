"""One module per resource: load, decide, append, project."""
