"""What a person types: `cloudflix` and its commands."""
