from django.db import migrations

from governance.ledger.protection import immutable_rows


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_editions"), ("ledger", "0002_protect_rows")]

    operations = [immutable_rows("reports_edition")]
