"""How fast the library is next to what a user would pick instead, and whether it holds out over a million calls."""
