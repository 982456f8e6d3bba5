from django.db import migrations

from governance.ledger.protection import frozen_columns, immutable_rows


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_comments_claims_triggers"), ("ledger", "0002_protect_rows")]

    operations = [
        immutable_rows("reviews_comment"),
        frozen_columns("reviews_claim", but=["released_at", "released_why"]),
        frozen_columns(
            "reviews_trigger",
            but=[
                "sightings",
                "count",
                "detail",
                "last_seen",
                "closed_at",
                "closed_how",
                "closed_by_id",
                "closed_reason",
            ],
        ),
    ]
