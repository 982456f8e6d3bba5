from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("policies", "0012_admin_overrides"), ("policies", "0012_rejudging")]

    operations = []
