"""The code of the operations: five functions for most of them, and one file per theme for what is odd."""
