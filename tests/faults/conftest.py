"""Faults happen to promotions: the fixtures are theirs."""

from __future__ import annotations

from tests.promotion.conftest import before_prod, before_stage, engine, promoter, shop, two_projects

__all__ = ["before_prod", "before_stage", "engine", "promoter", "shop", "two_projects"]
