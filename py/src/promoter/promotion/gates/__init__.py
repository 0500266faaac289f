"""The gates of a route: what has to be there before an image may pass."""
