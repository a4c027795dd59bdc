"""A whole edition as files, and back."""
