"""A section of `promotion.yaml`."""

from __future__ import annotations

from promoter.model.base import Model


class Section(Model):
    """Unknown keys are refused, values keep their type, and names are written with hyphens."""

    @staticmethod
    def spell(name: str) -> str:
        """Return a field's name with hyphens."""
        return name.rstrip("_").replace("_", "-")
