import os
import warnings
from typing import Any

from celery import Celery, signals
from celery.exceptions import SecurityWarning

from config import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Seconds that a sender waits for a broker that has accepted the connection and says nothing.
ANSWER_WITHIN_S = 1.0


class Assay(Celery):
    """Celery, with senders that do not wait for a broker that hangs: the work is a row, the sweep finds it.

    Workers read without that limit: waiting for messages is what they do.
    """

    def connection_for_write(self, url: str | None = None, *args: Any, **kwargs: Any) -> Any:
        if str(url or self.conf.broker_url).startswith("redis"):
            given = kwargs.get("transport_options") or {}
            kwargs["transport_options"] = {"socket_timeout": ANSWER_WITHIN_S, **given}
        return super().connection_for_write(url, *args, **kwargs)


app = Assay("assay")
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
