"""Where tokens come from, how they are handed on, and that they are never shown."""
