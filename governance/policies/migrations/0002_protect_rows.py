from django.db import migrations

from governance.ledger.protection import immutable_rows


class Migration(migrations.Migration):
    dependencies = [("policies", "0001_initial"), ("ledger", "0002_protect_rows")]

    operations = [
        immutable_rows("policies_policyversion"),
    ]
