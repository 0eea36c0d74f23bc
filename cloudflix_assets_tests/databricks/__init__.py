"""Steps launched in a loopback workspace."""
