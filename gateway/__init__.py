"""The edge: HTTP/JSON <-> gRPC, authentication, limits. No store, no domain."""
