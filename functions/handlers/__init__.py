"""One small module per Lambda function. Their parts are built in `vectorlog.runtime.aws`."""
