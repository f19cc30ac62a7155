from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "studies"
    verbose_name = "Studies"

    def ready(self) -> None:
        """Register the kinds of job that this app asks of the workers of `explain`, and what studies use of
        what is there and have sealed of it; and hear of runs that are stopped."""
        from explain import jobs  # models are there only now
        from explain.maps import run_stopped
        from explain.web import register_hashes, register_uses

        from .access import uses_of
        from .lifecycle import LIKENESS
        from .participation import hashes_of
        from .results import METRICS
        from .setup import POWER, give_up_with_run

        jobs.register(LIKENESS)
        jobs.register(POWER)
        jobs.register(METRICS)
        run_stopped.connect(give_up_with_run)
        register_uses(uses_of)
        register_hashes(hashes_of)
