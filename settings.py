"""Every setting, grouped by what it serves; the environment is read here and nowhere else."""

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

BASE_DIR = Path(__file__).resolve().parent
HOME = Path(os.environ.get("APARTE_HOME", BASE_DIR / ".aparte"))  # everything we write at run time
HOME.mkdir(parents=True, exist_ok=True)


def _secret(name: str) -> str:
    """A secret from the environment, else one made once and kept, unreadable to others, in HOME."""
    if value := os.environ.get(name):
        return value
    path = HOME / "secrets" / name.lower()
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = path.with_suffix(f".{secrets.token_hex(4)}")
        with os.fdopen(os.open(own, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # another process was first: its secret is everybody's
            os.link(own, path)  # whole from its first moment
        own.unlink()
    return path.read_text()


VERSION = "0.1.0"

# -- Django -------------------------------------------------------------------------------------
SECRET_KEY = _secret("SECRET_KEY")
DEBUG = os.environ.get("APARTE_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
PORT = int(os.environ.get("PORT", "8000"))
PUBLIC_URL = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{PORT}")
ROOT_URLCONF = "urls"
ASGI_APPLICATION = "asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "accounts",
    "paywall",
    "safety",
    "chat",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.web.BusyMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
            ]
        },
    }
]

# -- Databases ----------------------------------------------------------------------------------
DB_THREADS = int(os.environ.get("DB_THREADS", "8"))
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-20000;"
    "PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=27103364;"
)


def _sqlite(path: str) -> dict[str, object]:
    test_name = HOME / f"test-{os.getpid()}.sqlite3"  # on disk: in memory there is no WAL
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        # Django's deferred transactions fail with "database is locked" when a reader turns writer.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": SQLITE_PRAGMAS,
        },
        "CONN_MAX_AGE": None,  # reopening runs the pragmas again: five times slower
        "TEST": {"NAME": str(test_name)},
    }


# Statements of `accounts.db` are planned once a connection, however many rows they carry; those of
# the ORM carry their values in their text and are never prepared. A plan that is made while a table
# is small reads all of it, and is kept while it grows: hence an index wherever there is one. Where
# there is none, reading a whole table then looks dear enough to be compiled, which it is not.
_PLANNING = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
}
# The replica is given up early: the primary can answer as well (milliseconds).
_READING = {"default_transaction_read_only": "on", "statement_timeout": "1000"}
# PgBouncer in transaction mode: the next transaction may be another session's, so that nothing
# outlives one. What is planned once without it is planned each time.
DATABASE_POOLER = os.environ.get("DATABASE_POOLER") == "transaction"


def _session(values: dict[str, str]) -> dict[str, object]:
    """What a session of ours is told when it opens; nothing where a pooler shares it."""
    if DATABASE_POOLER:
        return {}
    options = " ".join(f"-c {name}={value}" for name, value in values.items())
    return {"prepare_threshold": 0, "options": options}


def _postgres(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        # The writer of chat.batching and the sandbox of tests need two beyond the pool of threads.
        "OPTIONS": {
            # Tried again after 1, 2, 4... 64 s a connection would be late for a database that is
            # back: after 2 s it is given up, and whoever comes next tries at once (seconds).
            "pool": {
                "min_size": 1,
                "max_size": DB_THREADS + 2,
                "timeout": 5,
                "reconnect_timeout": 2,
            },
            **_session(_PLANNING),
        },
        "DISABLE_SERVER_SIDE_CURSORS": DATABASE_POOLER,
        "CONN_MAX_AGE": 0,  # mandatory with a pool
        "TEST": {"NAME": f"test_aparte_{os.getpid()}"},
    }


def _replica(url: str) -> dict[str, object]:
    """Asked from the threads of `accounts.db` alone: each keeps a connection, and no pool waits."""
    return {
        **_postgres(url),
        "OPTIONS": {
            "connect_timeout": 2,  # seconds; the least that the driver takes
            "tcp_user_timeout": 2_000,  # milliseconds until a machine that vanished is given up
            **_session(_PLANNING | _READING),
        },
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,  # a replica that was restarted is found anew at once
    }


DATABASE_URL = os.environ.get("DATABASE_URL", f"sqlite:///{HOME / 'aparte.sqlite3'}")
DATABASES = {
    "default": _sqlite(DATABASE_URL.removeprefix("sqlite:///"))
    if DATABASE_URL.startswith("sqlite:///")
    else _postgres(DATABASE_URL)
}
# Deep pages of history alone may be read there (accounts/replica.py). Empty: there is none.
DATABASE_REPLICA_URL = os.environ.get("DATABASE_REPLICA_URL", "")
if all(url.startswith("postgres") for url in (DATABASE_URL, DATABASE_REPLICA_URL)):
    DATABASES["replica"] = _replica(DATABASE_REPLICA_URL)
DATABASE_WAIT_SECONDS = int(os.environ.get("DATABASE_WAIT_SECONDS", "60"))  # at a start
# Empty: one process, the bus stays inside it. redis+cluster:// names a node of a Redis Cluster.
REDIS_URL = os.environ.get("REDIS_URL", "")
BUS_PREFIX = os.environ.get("BUS_PREFIX", "aparte")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "accounts.bus.cache.LimitsCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": BUS_PREFIX,
        }
    }

# How long a process that is told to stop may take to answer what it has accepted.
DRAIN_SECONDS = int(os.environ.get("DRAIN_SECONDS", "8"))

# -- Sign-in (allauth headless) -----------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("browser",)
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key,50/5m/ip", "signup": "20/m/ip"}
MAILERS: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "OPTIONS": {"file_path": str(HOME / "mail")},
    }
}
if email_url := os.environ.get("EMAIL_URL"):  # smtp://user:password@host:port
    _mail = urlsplit(email_url)
    MAILERS["default"] = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": _mail.hostname,
            "port": _mail.port or 587,
            "username": unquote(_mail.username or ""),
            "password": unquote(_mail.password or ""),
            "use_tls": True,
        },
    }
APPEALS_EMAIL = os.environ.get("APPEALS_EMAIL", "recours@aparte.example")
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Aparté <bonjour@aparte.example>")

# -- Browser security ---------------------------------------------------------------------------
_https = PUBLIC_URL.startswith("https://")
# How many proxies of ours stand before us, each adding one address to X-Forwarded-For. None: these
# headers are a stranger's words, and are not read.
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if _https else []
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "font-src": ["'self'"],
    "img-src": ["'self'", "blob:"],
    "media-src": ["'self'", "blob:"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "worker-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}

# -- The built client ---------------------------------------------------------------------------
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATIC_URL = "/static/"
STATIC_ROOT = str(FRONTEND_DIST)
WHITENOISE_AUTOREFRESH = False
WHITENOISE_USE_FINDERS = True  # the style sheet of the public pages lies beside their templates
# Vite writes name-HASH.js; WhiteNoise knows only Django's name.HASH.js.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/assets/.+[-.][A-Za-z0-9_-]{8}\.[a-z0-9]+$"

# -- Logs and metrics (docs/operations.md) ------------------------------------------------------
LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO")  # of our own code; libraries speak from WARNING on
LOG_FORMAT = os.environ.get("LOG_FORMAT", "json" if _https else "console")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "accounts.logs.formatter", "style": LOG_FORMAT}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # An expected no (401, 404, 409...) is an answer, not an incident; only 5xx is logged.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        **{app: {"level": LOG_LEVEL} for app in ("accounts", "paywall", "safety", "chat")},
    },
}
# Each process answers /metrics on the first free port from here on; none without it. The address
# is for the scraper alone: whoever reaches it needs no password.
METRICS_PORT = int(os.environ.get("METRICS_PORT", "0"))
METRICS_HOST = os.environ.get("METRICS_HOST", "127.0.0.1")

# -- The rule book (docs/rulebook.md) -----------------------------------------------------------
# Public keys, 32 bytes in hexadecimal, separated by commas: who may seal a rule book. Off https the
# key of the source tree, which is no secret, is trusted as well; and signs, without one of our own.
RULEBOOK_TRUSTED_KEYS = [
    key for key in os.environ.get("RULEBOOK_TRUSTED_KEYS", "").split(",") if key
]
RULEBOOK_SIGNING_KEY = os.environ.get("RULEBOOK_SIGNING_KEY", "")
RULEBOOK_DEVELOPMENT = not _https
SCREENING_RULES_ONLY = os.environ.get("SCREENING_RULES_ONLY") == "1"  # without the model, and said

# -- The second opinion (docs/screening.md) -----------------------------------------------------
# A process of its own, 200 MB and about 10 ms of CPU for each text that the model is unsure of.
# Needs the extra `second-opinion`. Off: what the model is unsure of stands as it is.
SECOND_OPINION = os.environ.get("SECOND_OPINION", "off") == "on"
SECOND_OPINION_SOCKET = HOME / "run" / "second-opinion.sock"  # one worker serves a machine

# -- Product defaults (sent to clients, never written into them) --------------------------------
MESSAGE_PRICE_DEFAULT_CENTS = 200
MESSAGE_PRICE_MIN_CENTS, MESSAGE_PRICE_MAX_CENTS = 50, 5_000
UNLOCK_PRICE_MIN_CENTS, UNLOCK_PRICE_MAX_CENTS = 200, 20_000
TOPUP_MIN_CENTS, TOPUP_MAX_CENTS = 500, 20_000
TOPUP_PRESETS_CENTS = (1_000, 2_000, 5_000)
WALLET_CEILING_CENTS = 50_000
ANSWER_DEADLINE = timedelta(hours=72)
ANSWER_DEADLINE_MIN, ANSWER_DEADLINE_MAX = timedelta(hours=24), timedelta(days=7)
RESUMED_DEADLINE_MIN = timedelta(hours=1)
PAID_MESSAGES_WAITING_MAX = int(os.environ.get("PAID_MESSAGES_WAITING_MAX", "5"))
# Of one account, on all its sockets: sustained, and at once.
COMMANDS_PER_SECOND = int(os.environ.get("COMMANDS_PER_SECOND", "20"))
COMMANDS_BURST = int(os.environ.get("COMMANDS_BURST", "40"))
UNSEND_WINDOW = timedelta(seconds=120)
EDIT_WINDOW = timedelta(minutes=15)
BODY_MAX_CHARACTERS = 5_000
MEDIA_PER_MESSAGE_MAX = 10
MEDIA_LINK_LIFETIME = timedelta(minutes=5)
CASE_LEASE = timedelta(minutes=3)
CASE_LEASE_MAX = timedelta(minutes=15)
DECIDE_BEFORE_SLA_FACTOR = 8
DECIDE_BEFORE_MIN, DECIDE_BEFORE_MAX = timedelta(hours=2), timedelta(hours=24)
VERDICT_RECORD_KEPT = timedelta(days=90)  # on what passed: features and verdict, no text
SUSPECT_RECORD_KEPT = timedelta(days=183)  # on what was flagged or held
VAT_RATE_PERCENT = 20  # France, standard rate: CGI art. 278
CREATOR_SHARE_PERCENT, RESERVE_SHARE_PERCENT, BANK_SHARE_PERCENT = 80, 1, 3
EARNINGS_PENDING = timedelta(days=7)  # after a capture, before the creator may take it out

# -- Payments -----------------------------------------------------------------------------------
PAYMENTS = os.environ.get("PAYMENTS", "test")
# Test mode fills wallets with cards everybody knows: a public (https) server must ask for it.
PAYMENTS_TEST_ALLOWED = os.environ.get("PAYMENTS_TEST_ALLOWED") == "1"
CURRENCY = "EUR"
PAYMENT_WEBHOOK_SECRET = _secret("PAYMENT_WEBHOOK_SECRET")
PAYMENT_WEBHOOK_URL = os.environ.get("PAYMENT_WEBHOOK_URL", f"{PUBLIC_URL}/api/payments/webhook")

# Where archived transfers go, and are looked for; the operator may keep them elsewhere.
LEDGER_ARCHIVE_DIR = Path(os.environ.get("LEDGER_ARCHIVE_DIR", HOME / "ledger-archive"))

# -- Media --------------------------------------------------------------------------------------
# Ciphertext only, never served by path: in this folder, or in s3://BUCKET/PREFIX?endpoint=&region=.
# Django's own MEDIA_URL, which would serve files by path, stays unused.
MEDIA_STORE_DIR = HOME / "media"
MEDIA_STORE_URL = os.environ.get("MEDIA_URL", "")
MEDIA_KEK = _secret("MEDIA_KEK")
MEDIA_LINK_KEY = _secret("MEDIA_LINK_KEY")
