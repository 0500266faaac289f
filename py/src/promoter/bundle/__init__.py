"""Images and releases in a file, for places with no network between."""
