"""How a deployment reports its failures: log lines with fields, and counters."""
