"""Doubles of Azure: a storage account, an identity provider, and a proxy that injects faults."""
