"""Gold: keyed, orphan-free tables for analysts. No parsing here."""
