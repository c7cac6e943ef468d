"""The audit service: an append-only, hash-chained record of everything that happened."""
