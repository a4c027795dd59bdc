"""Vectorlog: vector stores on an event log."""
