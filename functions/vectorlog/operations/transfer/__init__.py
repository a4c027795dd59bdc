"""A whole deployment as files, and back."""
