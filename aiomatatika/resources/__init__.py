"""One file for each page of the API reference: its classes and its calls, side by side."""
