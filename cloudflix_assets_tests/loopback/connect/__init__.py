"""Spark Connect servers in processes of their own."""
