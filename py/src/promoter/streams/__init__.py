"""The use cases that set tags of image streams: tag and import."""
