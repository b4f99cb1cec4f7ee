"""What this product costs, measured beside what it replaces."""
