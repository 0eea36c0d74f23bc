"""Judge the rows of a table by its contract.

`rules` compiles the contract, `verdict` judges rows and counts them, `duplicates` judges the key, and
`digest` hashes what was accepted. What the rules of a table are belongs to the table's own module.
"""
