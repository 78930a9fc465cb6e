"""Collections: the answer to a GET becomes a page, a page becomes a step of the walk, the walk becomes a collection."""
