"""Flask pages and the one WebSocket for capture: what a browser sees of the product."""
