from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0006_drafts"), ("reviews", "0006_stale_submissions")]

    operations = []
