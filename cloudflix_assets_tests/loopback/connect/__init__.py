"""Real Spark Connect servers, each in a process of its own."""
