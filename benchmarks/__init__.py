"""Side by side with what a user would write by hand: `make bench`."""
