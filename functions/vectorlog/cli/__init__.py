"""The `vectorlog` command."""
