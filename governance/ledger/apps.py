from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "governance.ledger"
    label = "ledger"
