"""The web server's door."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
application = get_wsgi_application()
import_module("studyapp.urls")  # once for all web processes, and not while the first observer waits
