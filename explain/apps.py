from django.apps import AppConfig


class ExplainConfig(AppConfig):
    name = "explain"
    verbose_name = "Photos, networks and maps"

    def ready(self) -> None:
        # here, because they need Django's settings
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured

        from .cam import InputError
        from .cam.names import use_methods_file
        from .core import private_database

        private_database.watch()
        try:
            use_methods_file(settings.METHODS_FILE)
        except InputError as error:
            raise ImproperlyConfigured(str(error)) from error
