"""What runs in the fresh processes: one file for each program that is compared."""
