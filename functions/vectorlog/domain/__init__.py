"""The domain as pure functions and records: aggregates, filters, ids and errors."""
