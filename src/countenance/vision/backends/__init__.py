"""The back-ends of the engine that we ship; `engine` chooses among them."""
