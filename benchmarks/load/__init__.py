"""Whole sessions over HTTP: how fast a vote is stored, and how many a second, beside oTree and pyMUSHRA."""
