"""A double of GitHub's API over real git objects."""
