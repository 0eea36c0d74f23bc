"""Delivered bytes to records with their address: the only parser, and what it takes for CSV."""
