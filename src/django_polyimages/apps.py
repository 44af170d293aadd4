from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PolyimagesConfig(AppConfig):
    name = "django_polyimages"
    label = "polyimages"
    verbose_name = _("Images")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_polyimages import receivers

        receivers.connect()
