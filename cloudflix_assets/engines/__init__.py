"""Spark sessions: on Sail in this process, on a JVM of this machine, on a server elsewhere."""
