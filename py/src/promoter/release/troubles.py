"""What goes wrong with single images of a release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Lock

from promoter.errors import PromoterError
from promoter.parallel import Item, Outcome


class Troubles:
    """Ends the release at the first failure; or, where it is to keep going, takes note of whose failure it was.

    Args:
        keep_going: whether one image's failure is no other's.

    """

    def __init__(self, *, keep_going: bool) -> None:
        self.keep_going = keep_going
        self._failures: dict[str, PromoterError] = {}
        self._lock = Lock()

    def attempt(self, tags: Iterable[str], action: Callable[[], Outcome]) -> Outcome | None:
        """Do something for these tags; nothing comes of it if it failed and the release keeps going.

        Raises:
            PromoterError: it failed, and the release is to end.

        """
        try:
            return action()
        except PromoterError as failure:
            self.raise_for(tags, failure)
            return None

    def raise_for(self, tags: Iterable[str], failure: PromoterError) -> None:
        """Raise a failure, or take note that it is these tags'.

        Raises:
            PromoterError: the failure, unless the release keeps going.

        """
        if not self.keep_going:
            raise failure
        with self._lock:
            for tag in tags:
                self._failures.setdefault(tag, failure)

    def raise_together(self, those: Mapping[str, Item], failure: Callable[[list[Item]], PromoterError]) -> None:
        """Raise one failure that is of all of them; or take note of each one's own, if there are any.

        Args:
            those: what failed, by tag.
            failure: makes the failure of some of them.

        Raises:
            PromoterError: the failure, unless the release keeps going.

        """
        if those and not self.keep_going:
            raise failure([*those.values()])
        for tag, one in those.items():
            self.raise_for([tag], failure([one]))

    def of(self, tag: str) -> PromoterError | None:
        """Return what went wrong with a tag first, if anything did."""
        return self._failures.get(tag)
