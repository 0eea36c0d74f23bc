"""A storage account, an identity provider, and what can stand in front of the account."""
