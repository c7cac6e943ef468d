"""Verification: whether a credential holds, answered to institutions within milliseconds and recorded each time."""
