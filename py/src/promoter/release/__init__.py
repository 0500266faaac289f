"""The use cases of releases: many promotions at once, whose tags flip together."""
