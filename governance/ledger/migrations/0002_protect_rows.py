from django.db import migrations

from governance.ledger.protection import FUNCTION, immutable_rows


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        FUNCTION,
        immutable_rows("ledger_event"),
    ]
