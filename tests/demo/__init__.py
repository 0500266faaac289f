"""The main job, really run: `make demo`."""
