"""Brings a tested container image into production, byte for byte, with the proof of who let it through."""

__version__ = "0.1.0"
