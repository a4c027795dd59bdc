"""HTTP endpoints of models: embedding, reranking and chat."""
