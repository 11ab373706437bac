"""The product as its users meet it: a server process and a browser with a camera."""
