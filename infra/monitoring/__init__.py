"""Alarms, the metrics that they look at, and the dashboard."""
