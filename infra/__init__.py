"""The AWS edition as a CDK stack: constructs named after what they are for, composed in `stack.py`."""
