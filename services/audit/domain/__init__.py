"""What a record says, and how records hold together."""
