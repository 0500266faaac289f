"""Whom a client trusts."""

from __future__ import annotations

import ssl
from functools import cached_property
from pathlib import Path

from promoter.errors import WrongUsage


class Trust:
    """How the server's certificate is checked.

    Args:
        ca: a PEM file with the certificate authorities to trust instead of the system's, as a path or as configured.
        verify: false accepts any certificate.

    """

    def __init__(self, ca: Path | str | None = None, *, verify: bool = True) -> None:
        self.ca = Path(ca) if ca else None
        self.verify = verify

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The TLS context, made once.

        Raises:
            WrongUsage: the CA file cannot be read or holds no certificate.

        """
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise WrongUsage(
                f"The CA file {self.ca} cannot be used: {error.strerror or error}.",
                "Name a readable PEM file with the certificate authority of the registry.",
            ) from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
