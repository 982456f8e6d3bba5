"""Settings of the test suite: the same servers, the owner's role (it creates test databases), cheap hashing."""

from config import embedded
from config.environment import servers, values
from config.settings import *  # noqa: F403 - settings are one name space
from config.settings import CELERY_BROKER_TRANSPORT_OPTIONS, DATABASES, EMBEDDED, STORAGES, VAR_DIR

if EMBEDDED:
    DATABASES["default"] = servers.database(embedded.owner_url(), engine="config.database")
else:
    DATABASES["default"] = servers.owner_database() or DATABASES["default"]
# One database per run, so that two runs in one checkout don't meet; pytest-xdist adds its own ending.
DATABASES["default"]["TEST"] = {"NAME": f"test_{values.run_name()}"}
# Durable is what a test database need not be.
DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False  # its own tests switch it on
STORAGES["blobs"]["OPTIONS"]["location"] = VAR_DIR / "test-blobs"
# Nobody else's worker, that of a portal in this checkout above all, takes the messages that tests send.
if "global_keyprefix" in CELERY_BROKER_TRANSPORT_OPTIONS:
    CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = f"test_{values.run_name()}:"
WHITENOISE_AUTOREFRESH = True  # static files are found when asked for: nobody has collected them
