"""The formats that photos come in: told apart by content, each with a reader that says what its samples mean."""
