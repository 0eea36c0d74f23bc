"""Spark sessions: Sail in process, a JVM on this machine, a server elsewhere."""
