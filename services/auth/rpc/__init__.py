"""Servicers: translate in, one use case, translate out."""
