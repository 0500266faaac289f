"""What the doctor found."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model


class Finding(Model):
    """One thing that the doctor looked at.

    Args:
        subject: what it is about; findings about one subject stand together.
        status: `ok` if it works; `warning` if it may become a problem, or cannot be known; `failed` if it does not.
        message: what was found.
        remedy: what to do about it; nothing if it works.
        kind: the kind of failure that commands would end with; nothing unless it failed.
        exit_code: the exit code that goes with it; 0 unless it failed.

    """

    subject: str
    status: Literal["ok", "warning", "failed"]
    message: str
    remedy: str | None = None
    kind: str | None = None
    exit_code: int = 0


class DoctorResult(Model):
    """What the doctor found.

    Args:
        findings: all that it looked at.
        exit_code: the command's own: the smallest of what failed, 0 if nothing did.

    """

    findings: tuple[Finding, ...]
    exit_code: int
