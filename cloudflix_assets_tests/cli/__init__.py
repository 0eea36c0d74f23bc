"""The command line: its options, its output, and every bad input in one sentence."""
