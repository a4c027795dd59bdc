"""Read models, made from commits and rebuildable from them."""
