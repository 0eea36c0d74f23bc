"""Layouts: how a source's files become the files of the datasets, where it writes them in another way.

`declaration` reads what a layout's .toml says, `values` and `dates` what a field means, `conversion` makes
the files. The .toml files here are the layouts that ship.
"""
