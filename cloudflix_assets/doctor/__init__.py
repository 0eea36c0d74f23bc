"""What could keep a run from succeeding, found before it starts."""
