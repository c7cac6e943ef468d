"""Trust credentials: issued from analyses, shared by links, resolved for verification, revoked at once."""
