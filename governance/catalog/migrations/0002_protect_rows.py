from django.db import migrations

from governance.ledger.protection import frozen_columns, immutable_rows


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial"), ("ledger", "0002_protect_rows")]

    operations = [
        immutable_rows("catalog_card"),
        immutable_rows("catalog_version"),
        immutable_rows("catalog_edge"),
        immutable_rows("catalog_auditplan"),
        frozen_columns("catalog_file", but=["sha256"]),
    ]
