"""The Model Context Protocol: its messages, and the tools that this server offers."""
