"""The work that follows from events: which messages they cause, and what the workers do."""
