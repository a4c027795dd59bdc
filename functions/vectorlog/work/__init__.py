"""Queues of work messages."""
