"""The forms that values have to have, so that Kubernetes takes them and nothing can break out of where it is put."""

from __future__ import annotations

import re
from typing import NamedTuple

from promoter.errors import WrongUsage
from promoter.model.line import quoted


class Form(NamedTuple):
    """A form of text.

    Args:
        pattern: what matches it as a whole.
        name: what such a text is.
        remedy: how to write one.
        may_be_shown: whether an error may quote what is no such text; it may have a password.

    """

    pattern: re.Pattern[str]
    name: str
    remedy: str
    may_be_shown: bool = True

    def require(self, key: str, text: str) -> None:
        """See that a text has this form; `key` is where it stands in the configuration.

        Raises:
            WrongUsage: it has not.

        """
        if not self.pattern.fullmatch(text):
            what = f"{quoted(text)}, which is {self.name}" if self.may_be_shown else self.name
            raise WrongUsage(f"{key} is {what}.", self.remedy)


_LABEL = r"[a-z0-9]([-a-z0-9]{{0,{0}}}[a-z0-9])?"
_SAFE = r"[^\s\"'<>&\\]"

LINE = Form(
    re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]*"), "more than a line", "Write it in one line."
)
TEXT = Form(re.compile(rf"{_SAFE}+"), "no plain text", "Write it without blanks, quotes, backslashes, <, > and &.")
NAME = Form(
    re.compile(_LABEL.format(61)),
    "no name that Kubernetes takes (RFC 1123)",
    "Write up to 63 lower-case letters, digits and hyphens, the first and the last of them no hyphen.",
)
SHORT_NAME = Form(
    re.compile(_LABEL.format(48)),
    "no name to which Kubernetes would take more (RFC 1123)",
    "Write up to 50 lower-case letters, digits and hyphens, the first and the last of them no hyphen.",
)
PROJECT = Form(
    NAME.pattern,
    "no project's name in OpenShift",
    "The objects are for clusters whose own registry has the images: name the project there, in lower-case letters, "
    "digits and hyphens. Where the registry has another one, write it as `cluster: {project: …}`.",
)
IMAGE = Form(
    re.compile(r"[a-zA-Z0-9][\w.:/@-]*"), "no image", "Write registry.example.com/project/name:tag or …@sha256:…."
)
TAG = Form(re.compile(r"\w[\w.-]{0,127}", re.ASCII), "no tag", "Write letters, digits, '_', '.' and '-'.")
QUANTITY = Form(
    re.compile(r"[0-9]+(\.[0-9]+)?(m|[kMGT]i?)?"), "no quantity", "Write it as Kubernetes does: 500m, 2, 512Mi or 1Gi."
)
URL = Form(
    re.compile(rf"https?://((?!@){_SAFE})+"),
    "no URL that may be shown",
    "Write https://host[:port][/path], without user and password: whoever may look at pods would read them.",
    may_be_shown=False,
)
GIT = Form(
    re.compile(rf"(https?://((?!@){_SAFE})+|ssh://{_SAFE}+|git@{_SAFE}+)"),
    "no git URL that may be shown",
    "Write https://host/path, or git@host:path; what opens it belongs into a Secret, `install.library.secret`.",
    may_be_shown=False,
)
PATH = Form(re.compile(r"(/[\w.-]+)+", re.ASCII), "no absolute path", "Write /path/to/directory.")
SCHEDULE = Form(
    re.compile(r"@(hourly|daily|weekly|monthly|yearly)|[\w*/,-]+( [\w*/,-]+){4}", re.ASCII),
    "no cron expression",
    "Write minute, hour, day of the month, month and day of the week, such as '*/5 * * * *'.",
)
