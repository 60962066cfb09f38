"""What judges a model without being it: features, distances, classifiers, oracles."""
