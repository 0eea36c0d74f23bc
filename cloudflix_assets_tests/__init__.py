"""Tests lie as what they test does. `tables` is for `spark/`, `pages` for docs, `loopback` for doubles."""
