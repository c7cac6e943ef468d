"""What the credential service does."""
