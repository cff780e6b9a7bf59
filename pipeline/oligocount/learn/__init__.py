"""Training our networks and measuring them: samples, augmentation, the loop, export, evaluation."""
