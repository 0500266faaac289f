"""The use cases. Each reads from top to bottom like the sentence that describes it."""
