"""One class per kind of failure, each with its exit code; every instance says what to do next."""

from __future__ import annotations


class PromoterError(Exception):
    """A failure people can act on.

    Args:
        message: what happened, and to which image or service.
        remedy: what to do next.

    `exit_code` and `kind` are the class's, also in the JSON output.

    """

    exit_code = 1
    kind = "failure"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class WrongUsage(PromoterError):
    """The command line, a request or the configuration is not usable."""

    exit_code = 2
    kind = "wrong-usage"


class Refused(PromoterError):
    """The promotion is possible but not allowed: tag taken, gate not met, source not listed."""

    exit_code = 3
    kind = "refused"


class NotFound(PromoterError):
    """An image, a tag or a cluster object is not there."""

    exit_code = 4
    kind = "not-found"


class NotPermitted(PromoterError):
    """A credential is missing, expired, not accepted, or lacks a right."""

    exit_code = 5
    kind = "not-permitted"


class Unreachable(PromoterError):
    """A service could not be reached, is not trusted, or kept failing after the retries."""

    exit_code = 6
    kind = "unreachable"


class PassingFailure(Unreachable):
    """A failure that may be over by itself: worth trying again."""


class PerhapsTriggered(Unreachable):
    """The request may have started a pipeline, but no answer says so: look for it before asking again."""


class VerificationFailed(PromoterError):
    """What stands at the destination is not what was copied."""

    exit_code = 7
    kind = "verification-failed"


class TimedOut(PromoterError):
    """The time given was over before the work was done."""

    exit_code = 8
    kind = "timed-out"


class DownstreamFailed(PromoterError):
    """Production's pipeline, another build or a rollout ran and did not succeed."""

    exit_code = 9
    kind = "downstream-failed"


class PartlyDone(PromoterError):
    """Of several things some were done, and some failed."""

    exit_code = 10
    kind = "partly-done"


class Interrupted(BaseException):
    """SIGINT or SIGTERM arrived; not an `Exception`, so that nothing mistakes it for a failure to retry.

    Args:
        signal_number: the signal that arrived.

    """

    kind = "interrupted"
    message = "A signal ended it."
    remedy = "Nothing is half done: run it again, and it goes on from what is there."

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number
