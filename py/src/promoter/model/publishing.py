"""The parameters and the result of the command that publishes an image."""

from __future__ import annotations
