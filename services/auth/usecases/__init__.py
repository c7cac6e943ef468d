"""What the auth service does, step by step."""
