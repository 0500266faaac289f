"""Handing a promotion over to production's own pipeline."""
