"""Market data in the shapes of two public services: commodity prices and exchange rates."""
