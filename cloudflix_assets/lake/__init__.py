"""The lake: files by path and what they belong to, in a folder or in a storage account's containers."""
