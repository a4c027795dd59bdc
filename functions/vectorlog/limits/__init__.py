"""The limits of projects: how requests and files are counted, in one process and in many."""
