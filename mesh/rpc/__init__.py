"""How calls are served and made: mTLS, policy from the contracts, typed errors, deadlines. It builds all servers."""
