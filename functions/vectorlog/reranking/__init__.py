"""Reranks what a search found: says how well each text answers the query."""
