"""The chunk index: vectors and BM25, filtered before top-k."""
