"""The parameters and results of the commands that export and import bundles."""

from __future__ import annotations
