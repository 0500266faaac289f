"""The section `rollout` of the configuration: of a route, or of production's own route in what is installed."""

from __future__ import annotations

from promoter.model.section import Section


class Rollout(Section):
    """What is waited for once a tag was flipped on a route.

    Args:
        deployments: `deployment/NAME` or `dc/NAME`; those that the tag triggers if left out.
        timeout: the most time the rollout may take.
        roll_back: false leaves the tag where it is if the rollout fails.

    """

    deployments: tuple[str, ...] = ()
    timeout: str = "15m"
    roll_back: bool = True
