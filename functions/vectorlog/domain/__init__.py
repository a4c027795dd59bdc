"""What is true, as pure functions: aggregates, filters, ids, errors."""
