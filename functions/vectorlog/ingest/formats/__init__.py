"""A module for each format, with its reader and its `FORMAT`, which imports its library only when it reads; `registry`
lists them all.
"""
