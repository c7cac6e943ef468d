"""The analysis service: accepted statements in, scores and their explanation out."""
