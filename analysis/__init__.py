"""The engine: pure functions over bank statements (no I/O, no clock, no gRPC)."""
