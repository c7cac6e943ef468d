"""What the ingestion service's ports stand on."""
