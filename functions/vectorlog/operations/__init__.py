"""What an operator does to a whole deployment: verify it, explain one id, rebuild what is derived, move it."""
