from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "studies"
    verbose_name = "Studies"

    def ready(self) -> None:
        """Tell the app below of the work that this one asks of its workers."""
        from explain import jobs  # models are there only now

        from .lifecycle import LIKENESS

        jobs.register(LIKENESS)
