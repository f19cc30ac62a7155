"""All settings, in one file, read from the environment (and from `.env` beside manage.py, or in the folder DATA_DIR).

Defaults serve one machine: SQLite, a Celery broker in an SQLite file of its own, files under `var/`.
Production sets DATABASE_URL, CELERY_BROKER_URL, SECRET_KEY and ALLOWED_HOSTS. README has the table.
"""

from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

from blindsight import places

BASE_DIR = places.SHIPPED  # of what comes along and is no code
env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)

DATA_DIR = Path(env.str("DATA_DIR", str(places.default_data_folder())))
DATA_DIR.mkdir(parents=True, exist_ok=True)
env.read_env(DATA_DIR / ".env", recurse=False)  # as the command `blindsight` makes it; says nothing anew

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Run `make env`, which writes a random one into .env, or set it in the environment. "
        "The command `blindsight` makes one by itself."
    )
if not DEBUG and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured(
        "SECRET_KEY is shorter than 50 characters. Run `make env` or set a longer random one."
    )
# Of before, while what was signed or sealed with them is still about: log-ins, forms, addresses of pictures.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "config.admin_site.SuperuserAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "explain",
    "studies",
]

MIDDLEWARE = [
    "config.logs.request_log",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.ContentSecurityPolicy",
    "config.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.Authentication",
    "config.middleware.LoginRequired",
    "config.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # A trial type has its templates in its own folder: trial_types/choice/trial.html
        "DIRS": [BASE_DIR / "templates", places.CODE / "studies"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'blindsight.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction takes the write lock when it begins, so read-then-write cannot be overtaken.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={env.str('SQLITE_SYNCHRONOUS', 'NORMAL')};",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Threads keep their connection. Not setdefault: a parsed DATABASE_URL says 0, a new connection for each request.
DATABASES["default"]["CONN_MAX_AGE"] = 60
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "studies"
LOGOUT_REDIRECT_URL = "home"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "studies.access.logins.Handler"
AXES_CLIENT_IP_CALLABLE = "config.proxy.direct_address"
ADDRESS_FAILURE_LIMIT = 50  # of one address over all names, while the cool-off time lasts
LOGIN_DAYS = env.int(
    "LOGIN_DAYS", 30, validate=validate.Range(min=1)
)  # that log-ins and failed ones are kept, with their addresses

LANGUAGE_CODE = "en-gb"  # of staff's pages
# What a study may be in, each by its own name. Another one: docs/languages.md.
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("hi", "हिन्दी"),
    ("pt-br", "Português (Brasil)"),
    ("zh-hans", "简体中文"),
    ("ar", "العربية"),
]
LOCALE_PATHS = [BASE_DIR / "translations"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
# Pictures are private: no MEDIA_URL. Every picture is served by a view that asks whose it is.
MEDIA_ROOT = DATA_DIR / "media"
# Where nginx serves MEDIA_ROOT to itself (deploy/nginx.conf): pictures then go out by X-Accel-Redirect.
ACCEL_REDIRECT = env.str("ACCEL_REDIRECT", "")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Pictures that staff have looked at and that no study shows: about 50 KB each, and never more than MAX_ENTRIES.
    "thumbnails": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "thumbnails",
        "TIMEOUT": 30 * 24 * 3600,
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}
STORAGES: dict[str, dict] = {
    "default": {"BACKEND": "config.storage.WholeFiles"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedStaticFilesStorage"
    },
}
if S3_BUCKET := env.str("S3_BUCKET", ""):
    # Pictures pass through the site all the same: an address of the bucket would carry its own ETag and date.
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("S3_ENDPOINT_URL", None),
            "region_name": env.str("S3_REGION", None),
            "default_acl": None,
            "file_overwrite": False,
        },
    }
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
UPLOAD_MAX_MIB = env.int("UPLOAD_MAX_MIB", 2048)  # of one upload: a ZIP of photos, or weights
FILE_UPLOAD_HANDLERS = [
    "explain.web.upload_limit.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Who has withdrawn, as hashes: no restore of an older backup brings them back. Better on another disk than the database.
WITHDRAWN_FILE = env.str("WITHDRAWN_FILE", str(DATA_DIR / "withdrawn.jsonl"))
FILE_UPLOAD_TEMP_DIR = DATA_DIR  # a machine's /tmp may be small
MAX_PIXELS = env.int("MAX_PIXELS", 50_000_000)

# Celery: queue `gpu`, one message at a time, acknowledged late, no result back end.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", f"sqla+sqlite:///{DATA_DIR / 'broker.sqlite3'}")
CELERY_TASK_DEFAULT_QUEUE = "gpu"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
TORCH_DEVICE = env.str("TORCH_DEVICE", "auto")  # auto, cpu, cuda, cuda:1 …
# What runs networks' trunks on the CPU: torch; or another program where it is installed and as exact, else torch.
TRUNK_BACKEND = env.str(
    "TRUNK_BACKEND", "torch", validate=validate.OneOf(["torch", "auto", "openvino", "onnxruntime"])
)
TRUNKS_DIR = (
    DATA_DIR / "trunks"
)  # networks as they were exported for such a program: made again where they are gone
# A Python file that registers methods of one's own; web hosts read their names off it, workers run it.
METHODS_FILE = env.str("METHODS_FILE", "")
BATCH_SIZE = env.int("BATCH_SIZE", 16)
BATCH_STALE_SECONDS = env.int("BATCH_STALE_SECONDS", 120)

# Volunteers
LEASE_SECONDS = env.int("LEASE_SECONDS", 900)
CLAIM_BLOCK = env.int("CLAIM_BLOCK", 10)
IDLE_SECONDS = env.int("IDLE_SECONDS", 300)  # without an answer: then what is held is free for who waits
# By one invitation from one address; 0: no limit. A lecture hall has one address.
JOINS_PER_HOUR = env.int("JOINS_PER_HOUR", 100, validate=validate.Range(min=0))

# Notices: e-mail, and webhooks signed with the secret; to https at public addresses only, unless told otherwise.
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "blindsight@localhost")
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000")  # where links in notices lead
NOTICES_SECRET = env.str("NOTICES_SECRET", "")
if NOTICES_SECRET and len(NOTICES_SECRET) < 32:
    raise ImproperlyConfigured(
        "NOTICES_SECRET is shorter than 32 characters. Webhooks are signed with it: set a long random one, or unset it."
    )
NOTICES_TO_PRIVATE = env.bool("NOTICES_TO_PRIVATE", False)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "studies.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["studies.api.authentication.WithinScope"],
    "DEFAULT_THROTTLE_CLASSES": ["studies.api.throttling.SharedRate"],
    "DEFAULT_THROTTLE_RATES": {"user": env.str("API_RATE", "600/min")},
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 100,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Blindsight",
    "DESCRIPTION": "What the pages show and do, for programs.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "studies.api.errors.describe_refusals",
    ],
    # Both are called "state" where they stand.
    "ENUM_NAME_OVERRIDES": {
        "StateOfAStudy": "studies.models.Study.State",
        "StateOfAJob": "explain.models.Job.State",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "defaultModelsExpandDepth": 0},
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# HTTPS is on unless told otherwise for a site on one's own machine (`make env` writes HTTPS=false for it).
HTTPS = env.bool("HTTPS", True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # a load balancer asks from inside, without TLS
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 3600 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", False)
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    AXES_CLIENT_IP_CALLABLE = "config.proxy.client_address"

# Off unless this is set: the token that Prometheus shows. A word such as `true` would be a token that anyone guesses.
METRICS = env.str("METRICS", "")
if METRICS and len(METRICS) < 32:
    raise ImproperlyConfigured(
        "METRICS is shorter than 32 characters. It is the token that Prometheus shows: set a long random one, "
        "or unset it to switch metrics off."
    )

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "filters": {"request": {"()": "config.logs.RequestFilter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": env.str("LOG_FORMAT", "plain", validate=validate.OneOf(["plain", "json"])),
            "filters": ["request"],
        }
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "WARNING")},
    "loggers": {"blindsight.requests": {"level": env.str("REQUEST_LOG_LEVEL", "WARNING")}},
}
