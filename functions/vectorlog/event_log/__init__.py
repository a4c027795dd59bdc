"""The event log, from which all other data is derived."""
