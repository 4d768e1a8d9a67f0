"""Who is shown what, and what they said; the Django project lives here too."""
