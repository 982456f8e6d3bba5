from django.db import migrations

from governance.ledger.protection import immutable_rows


class Migration(migrations.Migration):
    dependencies = [("evidence", "0004_pilot_reports_and_decision_records"), ("ledger", "0002_protect_rows")]

    operations = [
        immutable_rows("evidence_pilotreport"),
        immutable_rows("evidence_decisionrecord"),
    ]
