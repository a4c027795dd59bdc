"""The only places that choose adapters."""
