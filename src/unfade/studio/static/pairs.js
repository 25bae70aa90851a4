// Pairs.
