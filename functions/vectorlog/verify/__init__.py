"""Whether everything that is derived from the log agrees with it."""
