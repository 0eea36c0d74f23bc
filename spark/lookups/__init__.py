"""What the lookups (cast, category, countries, directors) have in common, a module per layer.

A lookup has one row for each thing that is said of a title: its id and one text. What only one of
them does belongs to its own module in silver or gold.
"""
