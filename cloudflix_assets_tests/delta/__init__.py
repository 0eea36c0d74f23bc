"""Weeks of Delta tables: committed, read, raced for, killed."""
