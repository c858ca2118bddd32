"""``make bench``: what calwarden costs, as ratios to others measured side by side in one run."""
