"""A lake in an account: on Azurite, and on doubles of what Azurite lacks."""
