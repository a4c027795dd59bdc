"""What a deployment says of its failures: log lines with fields, and counters."""
