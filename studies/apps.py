from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "studies"
    verbose_name = "Studies"

    def ready(self) -> None:
        """Tell the app below of the work that this one asks of its workers."""
        from explain.jobs import jobs  # models are there only now
        from studies.lifecycle.similarity_job import LIKENESS

        jobs.register(LIKENESS)
