"""What is applied to the clusters, rendered from the configuration."""
