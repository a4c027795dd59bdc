"""The HTTP API in two dialects: routes, request bodies, responses and errors."""
