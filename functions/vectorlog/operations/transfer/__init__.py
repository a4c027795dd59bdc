"""Exports a whole deployment to files, and imports it from them."""
