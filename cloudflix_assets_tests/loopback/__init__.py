"""Doubles of outside services, with tests of their own. They are strict: an unknown field is an error."""
