"""GitHub as a source, against a loopback API with real git objects."""
