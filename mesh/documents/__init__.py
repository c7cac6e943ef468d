"""Collections of versioned documents, each write carrying its events. The port, and a backend a URL."""
