"""A stub of a Jenkins controller: jobs, the queue, builds and their logs, over HTTPS.

It answers as a real controller did: a comment like "[A2]" names the section of the observations that an answer copies.
"""

from .access import ADMINISTRATOR, Permission
from .controller import Controller
from .jobs import GenericTrigger, Job
from .runs import BuildRun, Runner

__all__ = ["ADMINISTRATOR", "BuildRun", "Controller", "GenericTrigger", "Job", "Permission", "Runner"]
