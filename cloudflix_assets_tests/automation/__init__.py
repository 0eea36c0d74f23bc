"""What starts by itself, and when it does not."""
