"""Webhooks and event buses: what is told to others, what waits to be sent, and how it is signed and sent."""
