"""What the analysis service's ports stand on."""
