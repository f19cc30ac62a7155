from django.apps import AppConfig


class ExplainConfig(AppConfig):
    name = "explain"
    verbose_name = "Photos, networks and maps"

    def ready(self) -> None:
        from .core import private_database  # here, because it needs Django's settings

        private_database.watch()
