"""Every setting of the project, read from the environment here and nowhere else.

docs/operations.md documents each variable; a test fails when one is missing there.
"""

from datetime import timedelta
from functools import partial
from pathlib import Path
from secrets import token_urlsafe

from csp.constants import NONE, SELF

from studyapp.environment import Environment, database, kept_secret, mail, storage

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# Where everything that is not code lives: database, pictures, broker, logs, secret key.
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()


# Given, or made once for this installation and kept beside its data.
SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret(DATA_DIR / "secret_key", partial(token_urlsafe, 50))
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "studyapp.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "axes",
    "enhancement",
    "studyapp",
]

MIDDLEWARE = [
    "studyapp.headers.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "studyapp.compression.compressed_static_files",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "studyapp.languages.observers_language",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "studyapp.urls"
CSRF_FAILURE_VIEW = "studyapp.views.errors.csrf_failure"
WSGI_APPLICATION = "studyapp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": database(env, DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STORAGES = {
    "default": storage(env, DATA_DIR),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

STATIC_URL = "/static/"
STATICFILES_DIRS = [("openseadragon", BASE_DIR / "node_modules/openseadragon/build/openseadragon")]
WHITENOISE_USE_FINDERS = True

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "studyapp.roles.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "studies"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600

# Who tries passwords waits, by name and address together: nobody can lock somebody else out from elsewhere.
AXES_FAILURE_LIMIT = env.int("LOGIN_ATTEMPTS", default=8)
AXES_COOLOFF_TIME = timedelta(minutes=env.float("LOGIN_WAIT_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "studyapp.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "studyapp.views.account.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the time that the page told stays true
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False  # people are unlocked on their own page
AXES_VERBOSE = False

# How many proxies stand in front: that many from the right, X-Forwarded-For is believed, and no further.
PROXIES = env.int("PROXIES", default=0)
SITTINGS_PER_HOUR = env.int("SITTINGS_PER_HOUR", default=500)

# Days from a sitting's end after which device data and panel ids are erased; 0 for never. A study may keep less long.
DEVICE_KEEP_DAYS = env.int("DEVICE_KEEP_DAYS", default=0)

EMAIL = mail(env)
vars().update(EMAIL)
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="phoropter@localhost")

HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Over https no other host of the domain can set these, nor anything that was sent in the clear.
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = int(env.float("LOGIN_DAYS", default=7) * 24 * 3600)
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# Whether other names of the domain are served by https, and for ever, is not for this program to promise.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# No page has anything inline. (The admin's own policy, for what its scripts need, is in studyapp/admin_site.py.)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

LANGUAGE_CODE = "en"
# What observers read; researchers' pages are English. Each has a catalog in studyapp/locale/.
LANGUAGES = [
    ("en", "English"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("zh-hans", "简体中文"),
    ("ar", "العربية"),
]
LOCALE_PATHS = [BASE_DIR / "studyapp/locale"]  # before the catalogs of other apps, which know some of the same words
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")

# Work in the background: a Job row is the truth, the broker only a bell (docs/decisions/job-row-is-the-truth.md).
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
JOB_HEARTBEAT_S = env.float("JOB_HEARTBEAT_S", default=5.0)
JOB_STALE_S = env.float("JOB_STALE_S", default=30.0)
JOB_RESEND_S = env.float("JOB_RESEND_S", default=30.0)
JOB_MAX_ATTEMPTS = env.int("JOB_MAX_ATTEMPTS", default=5)
# What a job of each kind runs, by dotted path: enhancement doesn't know the study app, and no web process loads torch.
JOB_KINDS = {
    "stimuli": "enhancement.services.stimuli.make_stimuli",
    "measure": "enhancement.services.measure.measure_testset",
    "renderings": "studyapp.services.renderings.make_renderings",
    "batch": "studyapp.services.batch_making.make_batch",
    "report": "studyapp.services.report_making.make_report",
    "load_testset": "enhancement.services.imports.load_testset_job",
    "upload": "enhancement.services.unpacking.make_testset_job",
    "import_checkpoint": "enhancement.services.imports.import_checkpoint_job",
    "add_method": "enhancement.services.imports.add_method_job",
    "train": "enhancement.services.training_job.train_run",
}

# Where training runs lie while they learn; a folder that all gpu workers share.
TRAINING_DIR = Path(env.str("TRAINING_DIR", default=str(DATA_DIR / "training"))).resolve()

# What `tend_jobs` does every hour beside, by dotted path for the same reason.
TIDIED_HOURLY = [
    "enhancement.services.uploads.remove_stale_uploads",
    "studyapp.services.retention.erase_due",
    "studyapp.services.crowds.forget_beginnings",
]

# Photos that people send: where they wait for the rest, and how much is taken.
UPLOAD_DIR = Path(env.str("UPLOAD_DIR", default=str(DATA_DIR / "uploads"))).resolve()
UPLOAD_MAX_FILE_MB = env.int("UPLOAD_MAX_FILE_MB", default=4096)
UPLOAD_MAX_MB = env.int("UPLOAD_MAX_MB", default=20480)
UPLOAD_MAX_FILES = env.int("UPLOAD_MAX_FILES", default=5000)
UPLOAD_SPARE_MB = env.int("UPLOAD_SPARE_MB", default=1024)
UPLOAD_KEEP_DAYS = env.float("UPLOAD_KEEP_DAYS", default=14.0)
# Where the library leads who wants to ask people about a test set; by name, as enhancement doesn't know the study app.
ASK_PEOPLE_URL = "admin:studyapp_study_add"
ASK_PEOPLE_PERMISSION = "studyapp.add_study"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # Tokens, cookies and passwords are shortened wherever a line would tell them.
    "formatters": {
        "plain": {"()": "studyapp.logs.Discreet", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"axes": {"level": "ERROR"}},  # it names whoever fails to log in, and a name may be a mistyped password
}

UNFOLD = {
    "SITE_TITLE": "Phoropter",
    "SITE_HEADER": "Phoropter",
    "SITE_SUBHEADER": "Better one, or two?",
    "SITE_URL": "/studies/",
    "SITE_ICON": {"light": f"{STATIC_URL}studyapp/mark.svg", "dark": f"{STATIC_URL}studyapp/mark-on-dark.svg"},
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": f"{STATIC_URL}studyapp/mark.svg"}],
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"navigation": "studyapp.admin.sidebar.navigation"},
    # The researchers' pages' greys and blue (tokens.css), in unfold's steps.
    "COLORS": {
        "base": {
            "50": "#f7f7f5",
            "100": "#eeeeeb",
            "200": "#d9d9d4",
            "300": "#c4c4c0",
            "400": "#a8a8a8",
            "500": "#6f6f6f",
            "600": "#565656",
            "700": "#444444",
            "800": "#363636",
            "900": "#1e1e1e",
            "950": "#141414",
        },
        "primary": {
            "50": "#f1f6fd",
            "100": "#e1ecfb",
            "200": "#c5dbf7",
            "300": "#aacbf4",
            "400": "#8fb8f0",
            "500": "#8fb8f0",
            "600": "#1f4e8c",
            "700": "#1a4277",
            "800": "#163762",
            "900": "#122c4e",
            "950": "#0d1a2b",
        },
    },
}
