"""An API in GitHub's manner: statuses of commits, and pull requests."""
