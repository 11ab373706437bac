"""The command line: noun, then verb. Heavy imports stay inside the commands that need them."""
