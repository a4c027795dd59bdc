"""Schemas of answers: what `api/present.py` writes, in both dialects. A text below a field describes it.

They are used for the specification and in tests, and never while a request is answered.
"""
