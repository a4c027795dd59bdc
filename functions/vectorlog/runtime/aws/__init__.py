"""The AWS edition: the parts that its Lambda functions are built from."""
