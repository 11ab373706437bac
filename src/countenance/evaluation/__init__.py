"""How good the engine is on labelled data: error rates with counts, by the standards' names."""
