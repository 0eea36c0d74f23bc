"""GitHub's API over real git objects."""
