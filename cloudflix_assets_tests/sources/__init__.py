"""Where publications come from: the sample, folders, the drop folder, GitHub."""
