"""What is recorded of a promotion, and who asked for it."""
