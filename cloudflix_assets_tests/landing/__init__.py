"""Files into the lake, records out of them, deliveries that change."""
