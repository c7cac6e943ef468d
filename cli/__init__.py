"""The `credpass` command: the one place that may import everything."""
