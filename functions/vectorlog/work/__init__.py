"""The work queues and their messages."""
