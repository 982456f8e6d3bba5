import os
from typing import Any

from celery import Celery, signals

from config import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("governance")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.celeryd_init.connect
@signals.beat_init.connect
def start_embedded_servers(**_: Any) -> None:
    """A worker reads its queues before it asks Django anything, so nothing else would have started the broker."""
    from django.conf import settings

    if settings.DATABASES["default"]["ENGINE"] == "config.database":
        embedded.start()
