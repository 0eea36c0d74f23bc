"""Files that are dropped into the lake: routed by their names, validated, landed once or rejected."""
