"""How calls are served and made: mTLS, policy from the contracts, typed errors, deadlines. Nobody else builds servers."""
