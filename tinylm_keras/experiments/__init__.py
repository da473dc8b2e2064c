"""Several runs on one text: with several seeds, continued where they stopped, and a sweep of one setting."""
