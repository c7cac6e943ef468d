"""Accounts, sessions and consent of users; institutions and their API keys."""
