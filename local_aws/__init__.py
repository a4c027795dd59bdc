"""Real servers with AWS's interfaces on this machine, for development and tests; never part of the wheel."""
