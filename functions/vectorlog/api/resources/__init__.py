"""One module of route handlers for each resource."""
