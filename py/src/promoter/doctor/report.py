"""What is found about one subject, line by line."""

from __future__ import annotations

from types import TracebackType

from promoter.errors import PromoterError
from promoter.model.doctor import Finding


class Report:
    """Collects findings.

    Args:
        subject: what all of them are about.

    """

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.findings: list[Finding] = []

    def ok(self, message: str) -> None:
        """Note what works."""
        self.findings.append(Finding(subject=self.subject, status="ok", message=message))

    def warn(self, message: str, remedy: str) -> None:
        """Note what may become a problem, or cannot be known."""
        self.findings.append(Finding(subject=self.subject, status="warning", message=message, remedy=remedy))

    def fail(self, error: PromoterError) -> None:
        """Note what does not work, as the error that commands would end with."""
        self.findings.append(
            Finding(
                subject=self.subject,
                status="failed",
                message=error.message,
                remedy=error.remedy,
                kind=error.kind,
                exit_code=error.exit_code,
            )
        )

    def noting_failures(self) -> _Noting:
        """Begin a block that a failure ends, and nothing else."""
        return _Noting(self)


class _Noting:
    def __init__(self, report: Report) -> None:
        self._report = report

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, PromoterError):
            self._report.fail(error)
            return True
        return False
