"""Speed, as ratios to the peers on the same work in one run: `make bench`."""
