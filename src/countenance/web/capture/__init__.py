"""The camera conversation: a transport-free session per purpose, and the socket that carries it."""
