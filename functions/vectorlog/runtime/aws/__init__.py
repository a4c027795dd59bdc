"""The AWS edition: what its Lambda functions are made of."""
