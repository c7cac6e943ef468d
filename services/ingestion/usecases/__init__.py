"""What the ingestion service does, a verb each."""
