"""Landing: bring a source's files into the lake, and read records from the landed files."""
