from django.apps import AppConfig


class FuturisysConfig(AppConfig):
    name = "futurisys"

    def ready(self) -> None:
        from futurisys import checks  # noqa: F401
