"""The parameters and results of the commands `constraints …`."""

from __future__ import annotations
