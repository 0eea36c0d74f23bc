"""Turn delivered bytes into records with their address.

`inspection` decides, before a file is landed, whether it is sound; `parser` reads a landed file, and
`workers` does so on the workers of an engine that streams. What a table makes of a record belongs to
the table, and whether a row is accepted to `quality`.
"""
