from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "studies"
    verbose_name = "Studies"

    def ready(self) -> None:
        """Register the kind of job that this app asks of the workers of `explain`."""
        from explain import jobs  # models are there only now

        from .lifecycle import LIKENESS

        jobs.register(LIKENESS)
