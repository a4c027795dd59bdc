"""The chunk index: search by vectors and BM25, with filters applied before top-k."""
