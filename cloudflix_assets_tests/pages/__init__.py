"""Every page of the docs: what it names exists, and what it says is carried out."""
