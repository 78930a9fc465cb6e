"""JSON to objects and back, without I/O."""
