"""One module for each family of formats; each has `read(path) -> Text` and imports its library only there."""
