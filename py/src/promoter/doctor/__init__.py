"""What of a configuration works from here, and what to do about what does not; nothing is changed anywhere."""
