"""What the verification service does."""
