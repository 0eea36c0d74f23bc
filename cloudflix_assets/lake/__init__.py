"""Where files lie and what can be done with them: a folder, or an account's containers."""
