"""One module per file format, with its reader and its `FORMAT`; `registry` lists them all.

A reader imports its library only when it is called.
"""
