"""The ingestion service: statements in, kept encrypted, their rows out to the analysis."""
