"""The REST API: reading, actions, tokens and their limits."""
