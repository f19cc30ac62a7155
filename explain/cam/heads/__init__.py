"""What follows the features: exact heads that answer many masked copies without a forward pass each."""
