"""The use cases, one module per resource: they load, decide, append and project."""
