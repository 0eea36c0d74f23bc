"""What a lake in a folder does with files."""
