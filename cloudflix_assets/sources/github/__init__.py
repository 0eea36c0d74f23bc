"""Publications in a folder of a GitHub repository: every week the state that it ended with."""
