"""The product's settings. What differs between installations comes from the environment (``config.environment``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from audits import queues
from config import embedded
from config.environment import addresses, mail_and_sign_in, metrics, models, names, scanners, secrets, servers, values

names.refuse_unknown()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
EMBEDDED = servers.uses_embedded_servers()

# The name and the base of the URIs in signed statements stand here and nowhere else.
PRODUCT_NAME = "Assay"
PRODUCT_VERSION = "0.1.0"

DEBUG = values.flag("ASSAY_DEBUG")
SECRET_KEY = secrets.secret("SECRET_KEY", made_in=VAR_DIR / "keys" if EMBEDDED else None)
SIGNING_KEY = secrets.secret("SIGNING_KEY", made_in=VAR_DIR / "keys" if EMBEDDED else None)
PORT = values.port()
PUBLIC_URL = addresses.url("ASSAY_PUBLIC_URL", ("http", "https"), f"http://127.0.0.1:{PORT}" if EMBEDDED else None)
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = values.hosts("ALLOWED_HOSTS", f"127.0.0.1,localhost,[::1],{_public.hostname}")
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

# --- rooms -----------------------------------------------------------------------------------------------------
ROOMS = [
    "people",
    "ledger",
    "web",
    "notifications",
    "catalog",
    "licensing",
    "evidence",
    "policies",
    "gates",
    "reviews",
    "monitoring",
    "reports",
    "portal",
]
INSTALLED_APPS = [
    "config",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "axes",
    "csp",
    "audits",
    *[f"governance.{room}" for room in ROOMS],
]
MIDDLEWARE = [
    "governance.web.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "governance.web.middleware.Slashes",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "governance.web.middleware.ReaderSettings",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "governance.web.context.page",
                "governance.portal.context.inbox",
            ]
        },
    }
]
SILENCED_SYSTEM_CHECKS = [
    "security.W004",
    "security.W008",
    "security.W021",
]  # the proxy in front redirects and sets HSTS

# --- people ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
OIDC = mail_and_sign_in.oidc()
LOGIN_URL = "people:sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "people:sign-in"
# Ten failures of one address against one account, or of one account from anywhere, close the door for five minutes.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 5 / 60
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username"]
# Whoever goes on trying at a closed door does not keep its owner out for longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_FORM_FIELD = "username"
AXES_LOCKOUT_CALLABLE = "governance.people.throttle.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # who signed in from where is not kept for ever
AXES_VERBOSE = False
AXES_ENABLE_ACCESS_FAILURE_LOG = False

# --- the browser ---------------------------------------------------------------------------------------------------
_https = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = "assay_session", "assay_csrf", "assay_language"
SESSION_COOKIE_AGE = 12 * 3600
if _https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
CSRF_FAILURE_VIEW = "governance.web.views.csrf_failure"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served from where they are: there is no folder to collect them in.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

# --- languages, time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# --- data ----------------------------------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if EMBEDDED:
    DATABASES = {"default": servers.database(embedded.database_url(), engine="config.database")}
else:
    DATABASES = {"default": servers.database(values.text("DATABASE_URL"), engine="django.db.backends.postgresql")}
# A pooler that gives each transaction another connection may not know what was prepared on the last one.
PREPARED_STATEMENTS = not values.flag("ASSAY_NO_PREPARED_STATEMENTS")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "blobs": {
        "BACKEND": "audits.blob_files.BlobFiles",
        "OPTIONS": {"location": servers.blob_folder(default=VAR_DIR / "blobs"), "file_permissions_mode": 0o600},
    },
}
MAX_UPLOAD_BYTES = values.megabytes("ASSAY_MAX_UPLOAD_MB", 2048)
MAX_CARD_BYTES = values.megabytes("ASSAY_MAX_CARD_MB", 5)
# Code of the operator's own that workers may run; nothing that was uploaded is ever among it.
METRICS_PATH = metrics.metrics_folder(uploads=Path(STORAGES["blobs"]["OPTIONS"]["location"]))
METRICS_ALLOWED = metrics.metrics_allowed(METRICS_PATH)
MODEL_SIGNERS = models.model_signers()
# Programs of others that say something of the same files, and the environments that they are installed in.
SCANNERS = scanners.scanners()
# Models that are services in networks of one's own, whose secrets go where; functions of Python, for development.
MODEL_HOSTS = models.model_hosts()
MODEL_SECRETS = models.model_secrets()
ALLOW_PYTHON_MODELS = values.flag("ASSAY_ALLOW_PYTHON_MODELS")
# After so many days what was asked and answered in a trial that nobody kept is erased.
TRIAL_DAYS = values.whole("ASSAY_TRIAL_DAYS", 30, least=1, most=36_500)
# Uploads are streamed by their own view; everything else that a form or a client posts is small.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = None

# --- the Hub ---------------------------------------------------------------------------------------------------------
HF_ENDPOINT = addresses.url("HF_ENDPOINT", ("http", "https"), "https://huggingface.co")
HF_TOKEN = values.word("HF_TOKEN", "")
# Of one version, when its files are fetched for the file scan.
MAX_FETCH_BYTES = values.megabytes("ASSAY_MAX_FETCH_MB", 20_480)

# --- mail ------------------------------------------------------------------------------------------------------------
_mail = mail_and_sign_in.email()
EMAIL_BACKEND = _mail.pop("EMAIL_BACKEND")
for _name, _value in _mail.items():
    globals()[_name] = _value

# --- REST ------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["governance.web.authentication.BearerToken"],
    "DEFAULT_PERMISSION_CLASSES": ["governance.web.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["governance.web.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "governance.web.paging.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "governance.web.schema.ProductSchema",
    "DEFAULT_METADATA_CLASS": "governance.web.permissions.Methods",
    "EXCEPTION_HANDLER": "governance.web.problems.handle",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": f"{PRODUCT_NAME} API",
    "DESCRIPTION": "Catalogue, audits, reviews and the gate. Errors are problem+json (RFC 9457).",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {
        "KindEnum": "governance.catalog.models.SubjectKind",
        "TierEnum": "governance.catalog.models.Tier",
        "TriggerKindEnum": "governance.reviews.models.Trigger.Kind",
        # Of imports and fetches alike.
        "ImportDocumentStateEnum": "governance.catalog.models.ImportState",
        # Of waivers and overrides alike.
        "WaiverDocumentStateEnum": "governance.policies.waivers.queries.STATES",
    },
}

# --- work in the background ------------------------------------------------------------------------------------------
CELERY_BROKER_URL = servers.broker(embedded=embedded.broker_url())
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # A message is due again after this long, even while its task runs: tasks have to bear that, and ours do.
        "visibility_timeout": values.whole("BROKER_VISIBILITY_TIMEOUT", 600),
        # Look for messages that are due again every second; by default it is every 100 seconds.
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        # Lets several installations, or test runs, share one server.
        "global_keyprefix": values.text("BROKER_KEY_PREFIX", ""),
        "socket_connect_timeout": 2,
    }
# Each has workers of its own. A queue without a routing key of its own would get the other one's messages as well.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in queues.ALL]
CELERY_TASK_DEFAULT_QUEUE = queues.SCHEDULED
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A message only wakes a worker: the work is a row, and the sweep finds it. So a sender waits half a second at most.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
SWEEP_EVERY_S = 2.0
UPKEEP = {"queue": queues.UPKEEP, "expires": 10}
CELERY_BEAT_SCHEDULE = {
    "sweep-runs": {"task": "audits.tasks.sweep", "schedule": SWEEP_EVERY_S, "options": UPKEEP},
    "sweep-imports": {
        "task": "governance.catalog.tasks.sweep_imports",
        "schedule": 5 * SWEEP_EVERY_S,
        "options": UPKEEP,
    },
    "sweep-fetches": {
        "task": "governance.catalog.tasks.sweep_fetches",
        "schedule": 5 * SWEEP_EVERY_S,
        "options": UPKEEP,
    },
    "sweep-reassessments": {
        "task": "governance.licensing.tasks.sweep_reassessments",
        "schedule": 5 * SWEEP_EVERY_S,
        "options": UPKEEP,
    },
    "sweep-rejudgings": {
        "task": "governance.policies.tasks.sweep_rejudgings",
        "schedule": 5 * SWEEP_EVERY_S,
        "options": UPKEEP,
    },
    "deliver-outbox": {
        "task": "governance.notifications.tasks.deliver",
        "schedule": SWEEP_EVERY_S,
        "options": UPKEEP,
    },
    "sweep-reviews": {
        "task": "governance.reviews.tasks.sweep_reviews",
        "schedule": 150 * SWEEP_EVERY_S,
        "options": UPKEEP,
    },
    "sweep-report-builds": {
        "task": "governance.reports.tasks.sweep_builds",
        "schedule": 5 * SWEEP_EVERY_S,
        "options": UPKEEP,
    },
    "send-report-mail": {
        "task": "governance.reports.tasks.send_mail",
        "schedule": 5 * SWEEP_EVERY_S,
        "options": UPKEEP,
    },
    "sequence-ledger": {
        "task": "governance.ledger.tasks.sequence_events",
        "schedule": SWEEP_EVERY_S / 2,
        "options": UPKEEP,
    },
    "sequence-ledger-thoroughly": {
        "task": "governance.ledger.tasks.sequence_events",
        "schedule": 3600.0,
        "kwargs": {"thorough": True},
        "options": UPKEEP,
    },
    "forget-trials": {"task": "governance.evidence.tasks.forget_trials", "schedule": 3600.0, "options": UPKEEP},
    "tidy-web": {"task": "governance.web.tasks.tidy", "schedule": 3600.0, "options": UPKEEP},
}
RUN_LEASE_S = values.whole("RUN_LEASE_S", 20)
RUN_ATTEMPTS = 3

# --- the gate --------------------------------------------------------------------------------------------------------
# How many requests of one web process may wait for an evaluation's last word; each keeps a thread.
GATE_WAITERS = values.whole("GATE_WAITERS", 2, least=1)

# --- logs ----------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonLines"}},
    "filters": {
        "routine": {
            "()": "config.logs.RoutineAsDebug",
            "tasks": [str(entry["task"]) for entry in CELERY_BEAT_SCHEDULE.values()],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["routine"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {name: {"level": "INFO"} for name in ("assay", "audits", "governance", "config")},
}
