"""Request input: bodies, forms and query strings, their schemas, and the errors for invalid ones."""
