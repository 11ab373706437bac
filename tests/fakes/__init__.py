"""Stand-ins for parts of the product."""
