"""Tests of the IO managers."""
