"""A source's files into the lake, and their records out of them."""
