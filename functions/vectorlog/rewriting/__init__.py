"""Rewrites queries, so that they say only what is looked for."""
