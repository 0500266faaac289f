"""Moving a tag, and what follows once it has moved."""
