"""Topics, consumer groups, retry, dead letters and the outbox relay. The port, and a backend a URL."""
