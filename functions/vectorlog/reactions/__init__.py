"""What follows from an event: the work that it asks for, and that work."""
