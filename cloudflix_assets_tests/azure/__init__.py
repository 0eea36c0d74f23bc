"""A storage account and an identity provider on this machine, for tests without Azure."""
