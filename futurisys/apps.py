from django.apps import AppConfig


class FuturisysConfig(AppConfig):
    name = "futurisys"

    def ready(self) -> None:
        # Without its application a process that only sends tasks would send them to Celery's default broker.
        from futurisys import celery, checks, unsafe  # noqa: F401
        from futurisys.formats import say_first_of_month

        say_first_of_month()
