import os
import warnings
from typing import Any

from celery import Celery, signals
from celery.exceptions import SecurityWarning

from config import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("assay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.celeryd_init.connect
@signals.beat_init.connect
def start_embedded_servers(**_: Any) -> None:
    """A worker reads its queues before it asks Django anything, so nothing else would have started the broker."""
    from django.conf import settings

    if settings.EMBEDDED:
        embedded.start()


@signals.celeryd_init.connect
def accept_root(**_: Any) -> None:
    """Celery warns whoever runs a worker as root, because of pickled messages from a broker that others reach.

    The embedded broker is reached by nobody else, and JSON alone is read. With servers of one's own the warning stays.
    """
    from django.conf import settings

    if settings.EMBEDDED:
        warnings.filterwarnings("ignore", category=SecurityWarning, message="You're running the worker with superuser")


@signals.worker_ready.connect
@signals.beat_init.connect
def watch_embedded_servers(**_: Any) -> None:
    """And while it waits for work it asks nobody anything, so nothing else would miss a broker that was killed."""
    from django.conf import settings

    if settings.EMBEDDED:
        embedded.watch()
