"""The one settings file. Everything that differs between machines comes from environment variables.

An unknown or malformed value stops the start with a sentence. `var/demo.env`, written by `make run`, is read
when it is there, so that `manage.py` in a second terminal speaks to the same instance; real variables win.
In production it is not read. What is unsafe there is refused by futurisys.unsafe.
"""

import os
import re
import sys
from datetime import timedelta
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, REPORT_SAMPLE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env, validate
from kombu.entity import Queue
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from futurisys import api_text, embedded
from futurisys.database_url import connection_settings

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
VAR_DIR = Path(env.str("FUTURISYS_VAR", str(BASE_DIR / "var"))).absolute()  # nothing is written anywhere else
_TESTING = "pytest" in Path(sys.argv[0]).name or "pytest" in sys.modules
if not _TESTING and os.environ.get("FUTURISYS_ENV") != "production" and (VAR_DIR / "demo.env").is_file():
    env.read_env(str(VAR_DIR / "demo.env"), recurse=False)

ENVIRONMENT = env.str("FUTURISYS_ENV", "development", validate=validate.OneOf(["development", "demo", "production"]))
PRODUCTION = ENVIRONMENT == "production"
# A Hugging Face Space: the demo, inside a frame of another site, behind the proxy of the Hub (docs/deployment.md).
SPACE = env.bool("FUTURISYS_SPACE", False)
if SPACE and PRODUCTION:
    raise ImproperlyConfigured("FUTURISYS_SPACE shows the demo to everybody: start scripts/serve demo, or unset it.")
VERSION = re.findall(r"^## (\d+\.\d+\.\d+)", (BASE_DIR / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[0]

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", "" if PRODUCTION else "development-only-" + "0" * 50)
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set: give the production server a random secret.")
_own_hosts = [env.str("SPACE_HOST", ".hf.space")] if SPACE else []
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", [] if PRODUCTION else [*_own_hosts, "127.0.0.1", "localhost", "[::1]", "testserver"]
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "futurisys",
    "registry",
    "predictions",
    "futurisys.library_apps.AuditConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "futurisys.library_apps.TokensConfig",
    "axes",
]
MIDDLEWARE = [
    "futurisys.policy.PolicyMiddleware",  # first, so that static files and errors carry the policy too
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "futurisys.middleware.RequestIdMiddleware",
    "futurisys.accounts.middleware.no_store",
    "django.middleware.locale.LocaleMiddleware",  # before what may already have to say something
    "futurisys.middleware.FaultMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "futurisys.accounts.middleware.LoginRequired",  # what is open to everybody says so
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
if SPACE:
    MIDDLEWARE.insert(0, "futurisys.space.framed_cookies")
    MIDDLEWARE.remove("django.middleware.clickjacking.XFrameOptionsMiddleware")  # frame-ancestors says who may
ROOT_URLCONF = "futurisys.urls"
WSGI_APPLICATION = "futurisys.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "futurisys.context.product",
            ]
        },
    }
]

# PostgreSQL. Without DATABASE_URL the bundled one under var/, over a unix socket. "owner" runs migrations, "default" is
# the application's role, which can insert facts and never change them.
_app_url, _owner_url = embedded.urls(VAR_DIR / "postgres")
DATABASE_URL = env.str("DATABASE_URL", _app_url)
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", DATABASE_URL if env.str("DATABASE_URL", "") else _owner_url)
BUNDLED_DATABASE = _app_url == DATABASE_URL
if PRODUCTION and BUNDLED_DATABASE:
    raise ImproperlyConfigured("DATABASE_URL is not set: the bundled PostgreSQL is not meant for production.")
DATABASES = {
    "default": connection_settings(DATABASE_URL) | {"TEST": {"MIRROR": "owner"}},
    "owner": connection_settings(DATABASE_OWNER_URL),
}
# A program's call waits for the database so long in all, and then gets 503; a page three times as long.
DATABASE_SECONDS = env.float("DATABASE_SECONDS", 5.0, validate=validate.Range(min=0.5))
# Statements of every call are prepared once for a connection. Off behind PgBouncer in transaction mode: it lends another
# connection to each transaction, and to each statement outside of one; cursors on the server would be lost there too.
PREPARED_STATEMENTS = env.bool("PREPARED_STATEMENTS", True)
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5 if PREPARED_STATEMENTS else None
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = not PREPARED_STATEMENTS
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The first only refuses: after too many failures not even the right password is tried.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "futurisys.accounts.backend.OneQueryBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CSRF_FAILURE_VIEW = "futurisys.faults.csrf_failure"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_RESET_TIMEOUT = 3600
SESSION_COOKIE_AGE = 3600 * env.int("SESSION_HOURS", 12, validate=validate.Range(min=1, max=720))  # from the login on
# Five failures of one user name from one address: neither can somebody else lock a person out, nor guess on.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "futurisys.accounts.lockout.response"
AXES_CLIENT_IP_CALLABLE = "futurisys.accounts.lockout.address"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken", "next"]  # neither logged nor kept
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
CONTACT = env.str("CONTACT", "").strip()  # whom people ask: an address, or any text
VISITORS_PER_HOUR = env.int("VISITORS_PER_HOUR", 60, validate=validate.Range(min=0))  # of the demo's "Try it"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_SAMESITE, LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SECURE = "Lax", True, PRODUCTION or SPACE
FORMAT_MODULE_PATH = ["futurisys.formats"]  # dates where no page says how, which is in the admin
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if ENVIRONMENT == "development"
        else "futurisys.static_files.Storage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = ENVIRONMENT == "development"

# Headers. One strict policy for every page, admin included; see the design notes on CSP in docs/adr.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, REPORT_SAMPLE],
        "style-src": [SELF, REPORT_SAMPLE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [SELF, "https://huggingface.co", "https://*.hf.space"] if SPACE else [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^health(/|$)"]  # probes ask from beside the server, without TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", SPACE) else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION or SPACE
SESSION_COOKIE_NAME = "__Host-session" if SESSION_COOKIE_SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if CSRF_COOKIE_SECURE else "csrf"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# Mail, for new passwords. Without a server it is written to files; in production nothing is then offered by mail.
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 587, validate=validate.Range(min=1, max=65_535))
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_USER", ""), env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "" if EMAIL_HOST else "futurisys@localhost")
if "@" not in DEFAULT_FROM_EMAIL:
    raise ImproperlyConfigured("DEFAULT_FROM_EMAIL is not set: mails need the address that they come from.")
# Where people open the product: links of mails that no request asks for begin with it.
_host = next((name for name in ALLOWED_HOSTS if not name.startswith((".", "*"))), "")
_here = f"https://{_host}" if _host else ""
SITE_URL = env.str(
    "SITE_URL",
    _here if PRODUCTION or SPACE else f"http://127.0.0.1:{env.str('PORT', '8000')}",
    validate=validate.Regexp(r"(https?://[^\s/?#]+/?)?\Z", error="SITE_URL must look like https://futurisys.example."),
).rstrip("/")
if EMAIL_HOST and not SITE_URL:
    raise ImproperlyConfigured("SITE_URL is not set: mails about alerts need the address of this site for their links.")

# Bodies above this are refused before they are read: 6 MB holds the largest picture a form takes.
MAX_BODY_BYTES = env.int("MAX_BODY_BYTES", 6_000_000, validate=validate.Range(min=10_000))
# A file of records is larger, and has a page of its own that takes it.
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", 20_000_000, validate=validate.Range(min=10_000))
# A file of rows to be predicted is kept in parts, and never read whole.
MAX_BATCH_BYTES = env.int("MAX_BATCH_BYTES", 5_000_000_000, validate=validate.Range(min=10_000))
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
# The description of a signature is one form: 500 features of 20 fields, 2 000 categories and 1 000 classes of two labels.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
MAX_ROWS_PER_CALL = env.int("MAX_ROWS_PER_CALL", 1000, validate=validate.Range(min=1))
RECORDS_PER_CALL = env.int("RECORDS_PER_CALL", 5000, validate=validate.Range(min=1))
# In each process; a count that is pushed out begins anew.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}}}
# What one token may call in a minute, in each web process; 0 is as often as it likes.
_share = validate.Range(min=0)
API_CALLS_PER_MINUTE = {
    "predict": env.int("API_PREDICT_PER_MINUTE", 60_000, validate=_share),
    "read": env.int("API_READ_PER_MINUTE", 6_000, validate=_share),
    "write": env.int("API_WRITE_PER_MINUTE", 6_000, validate=_share),
    "files": env.int("API_FILES_PER_MINUTE", 60, validate=_share),
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "registry.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["predictions.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["predictions.api.parsers.StrictJSONParser"],
    "EXCEPTION_HANDLER": "predictions.api.errors.problem_details",
    "DEFAULT_THROTTLE_CLASSES": ["registry.api.throttles.ShareThrottle"],
    "DEFAULT_PAGINATION_CLASS": "registry.api.paging.Pages",
    "DEFAULT_SCHEMA_CLASS": "futurisys.openapi.OperationSchema",
    "UNAUTHENTICATED_USER": None,
    "NUM_PROXIES": env.int("NUM_PROXIES", int(SPACE), validate=validate.Range(min=0)),
}
SPECTACULAR_SETTINGS = {**api_text.SETTINGS, "VERSION": VERSION}
REST_KNOX = {
    "TOKEN_TTL": None,
    "AUTH_HEADER_PREFIX": "Token",
    "TOKEN_PREFIX": "fut_",
    "AUTO_REFRESH": False,
}

# The Hubs that models may come from, by name; a model names one. "loopback" is the one that make run starts.
HUB_ENDPOINTS = {"huggingface": env.str("HF_ENDPOINT", "https://huggingface.co").rstrip("/")}
if _loopback := env.str("FUTURISYS_LOOPBACK_HUB", ""):
    HUB_ENDPOINTS["loopback"] = _loopback.rstrip("/")
HUB_TOKENS = {"huggingface": env.str("HF_TOKEN", ""), "loopback": env.str("FUTURISYS_LOOPBACK_TOKEN", "")}
# What a Hub's webhook has to send in X-Webhook-Secret; without one, webhooks of that Hub are switched off.
_secret = validate.Regexp(r"([!-~]{16,})?\Z", error="A webhook secret needs at least 16 visible ASCII characters.")
HUB_WEBHOOK_SECRETS = {
    "huggingface": env.str("HF_WEBHOOK_SECRET", "", validate=_secret),
    "loopback": env.str("FUTURISYS_LOOPBACK_WEBHOOK_SECRET", "", validate=_secret),
}
DELIVERY_DAYS = env.int("DELIVERY_DAYS", 90, validate=validate.Range(min=1))
HUB_BUDGET_SECONDS = env.int("HUB_BUDGET_SECONDS", 300, validate=validate.Range(min=1))
MAX_ARTIFACT_BYTES = env.int("MAX_ARTIFACT_BYTES", 200_000_000, validate=validate.Range(min=1_000))
ARTIFACT_CACHE = Path(env.str("ARTIFACT_CACHE", str(VAR_DIR / "artifacts")))
# Environments of models that need other libraries than the server's; uv's downloads are kept below it too.
ENVIRONMENT_CACHE = Path(env.str("ENVIRONMENT_CACHE", str(VAR_DIR / "environments")))
ENVIRONMENT_BUILD_SECONDS = env.int("ENVIRONMENT_BUILD_SECONDS", 240, validate=validate.Range(min=1))
COMPARISON_ROWS = env.int("COMPARISON_ROWS", 20_000, validate=validate.Range(min=1_000))
# A promotion or a stop reaches every process within a second of the click: the rest of it is for the click itself.
CHAMPION_CACHE_SECONDS = 0.4
ISOLATED_RUNTIMES = env.int("ISOLATED_RUNTIMES", 4, validate=validate.Range(min=1))
ISOLATED_DEADLINE_SECONDS = env.float("ISOLATED_DEADLINE_SECONDS", 2.0, validate=validate.Range(min=0.1))

# A part of a file that nobody has answered for as long is given to another worker (docs/batches.md).
BATCH_LEASE_SECONDS = env.int("BATCH_LEASE_SECONDS", 60, validate=validate.Range(min=1))
BATCH_ROWS = env.int("BATCH_ROWS", 5000, validate=validate.Range(min=1))  # in a part of a file
BATCH_ROWS_ISOLATED = env.int("BATCH_ROWS_ISOLATED", 1000, validate=validate.Range(min=1))
# Worker processes that run files at once, on all hosts together: other tasks find a process, too.
BATCH_WORKERS = env.int("BATCH_WORKERS", 4, validate=validate.Range(min=1))
# For as long the answers come back beside the own columns of a file that is over; it stays in the database.
BATCH_FILE_DAYS = env.int("BATCH_FILE_DAYS", 30, validate=validate.Range(min=0, max=36_500))

# Celery. The message is a hint, the row is the truth. Default broker: pgmq in the same PostgreSQL.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "pgmq://")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# What failed, or took too long, is found again by the sweepers: the message itself is not sent in circles.
CELERY_TASK_ACKS_ON_FAILURE = CELERY_TASK_ACKS_ON_TIMEOUT = True
CELERY_WORKER_POOL = "futurisys.prefork:TaskPool"  # outlives the death of a process
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "futurisys"
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # its lines would show what PostgreSQL's details repeat of a row
CELERY_WORKER_MAX_TASKS_PER_CHILD = 100
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 380_000  # kB; looked at between tasks
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat" / "schedule")
CELERY_BEAT_SCHEDULER = "futurisys.pulse:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 10  # seconds between two looks, and two beats of the pulse
# A file that a worker, or beat, touches while it works: how scripts/image/healthcheck.py sees that of a container.
PULSE_FILE = env.str("PULSE_FILE", "")
# What is due less often than each minute is due at a time of the clock: periods begin anew with each beat that finds its
# volume empty, and one that is restarted more often than that would never get there.
CELERY_BEAT_SCHEDULE = {
    "sweep-imports": {"task": "registry.tasks.sweep_imports", "schedule": 60.0},
    "sweep-deliveries": {"task": "registry.tasks.sweep_deliveries", "schedule": 60.0},
    "sweep-batches": {"task": "predictions.tasks.sweep_batches", "schedule": 60.0},
    # One that waited for a minute is followed by the next.
    "roll-up": {"task": "predictions.tasks.roll_up", "schedule": 60.0, "options": {"expires": 55}},
    "verify-rollups": {"task": "predictions.tasks.verify_rollups", "schedule": crontab(hour=2, minute=37)},
    "make-partitions": {"task": "predictions.tasks.make_partitions", "schedule": crontab(minute=7)},
    "watch-models": {"task": "predictions.tasks.watch_models", "schedule": 60.0},
    "mail-alerts": {"task": "predictions.tasks.mail_alerts", "schedule": 60.0},
    "work-on-comparisons": {"task": "predictions.tasks.work_on_comparisons", "schedule": 60.0},
    "poll-models": {"task": "registry.tasks.poll_models", "schedule": 60.0},
    "forget-expired": {"task": "futurisys.tasks.forget_expired", "schedule": crontab(minute=17)},
}
# Seconds after which a message that nobody acknowledged is given to another worker; longer than any task may take.
_REDIS = CELERY_BROKER_URL.startswith(("redis:", "rediss:"))
_seen_again = env.int("VISIBILITY_TIMEOUT", 3600 if _REDIS else 900, validate=validate.Range(min=1))
if CELERY_BROKER_URL == "pgmq://":
    # A migration made the queue. Declaring it again waits for whoever polls it: the first message of each process took 4 s.
    _queue = Queue(CELERY_TASK_DEFAULT_QUEUE, routing_key=CELERY_TASK_DEFAULT_QUEUE, no_declare=True)  # type: ignore[no-untyped-call]
    CELERY_TASK_QUEUES = [_queue]
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # pgmq reads no socket folder from a URL, and asks for a port.
        "conn_string": make_conninfo(DATABASE_URL, port=conninfo_to_dict(DATABASE_URL).get("port") or 5432),
        "init_extension": False,
        "pool_size": 2,
        "visibility_timeout": _seen_again,
        "wait_time_seconds": 2,
        "polling_interval": 0.1,  # seconds between two waits: the next message is often there when a task ends
    }
elif _REDIS:
    # In all three places: the shortest that anybody names would hold for everybody.
    CELERY_VISIBILITY_TIMEOUT = _seen_again
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": _seen_again}
    CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": _seen_again}
elif CELERY_BROKER_URL.startswith("amqp"):
    # A quorum queue survives the loss of a node, and loses tasks unless each is confirmed (celery#9149).
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}

# Counts for Prometheus: one folder for all processes of a machine. /metrics answers users' tokens, this token, and
# whoever asks from this machine itself, unless a proxy does so for others.
METRICS_FOLDER = None if _TESTING else Path(env.str("METRICS_FOLDER", str(VAR_DIR / "metrics")))
METRICS_TOKEN = env.str("METRICS_TOKEN", "", validate=_secret)

LOG_LEVEL = env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "futurisys.logs.JSONFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # One line a request would hide the others, and signed addresses are secrets.
    "loggers": {"httpx2": {"level": "WARNING"}, "axes": {"level": "WARNING"}},
}
