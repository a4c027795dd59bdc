"""One small module for each Lambda function; `runtime.aws` says what they are made of."""
