"""Facts and rules of accounts, sessions, consent and API keys."""
