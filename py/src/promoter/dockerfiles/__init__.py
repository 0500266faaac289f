"""Dockerfiles: what their stages are built on, read as BuildKit reads them, and rewritten."""
