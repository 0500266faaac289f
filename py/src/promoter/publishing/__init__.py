"""Images built from a git repository, and pushed to the testing registry."""
