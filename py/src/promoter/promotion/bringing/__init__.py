"""Bringing an image to its destination, by digest; no tag is touched."""
