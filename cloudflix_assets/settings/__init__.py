"""Settings from environment variables; nothing else reads these."""
