"""Measures how well a server finds: asks judged questions over HTTP, and says where the answers stand."""
