"""What is stamped on everything that simulated votes went into."""

SIMULATED_STAMP = "SIMULATED VOTES"
