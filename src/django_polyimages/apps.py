from types import ModuleType

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from django_polyimages.accessors import (
    get_image_model,
    get_organization_model,
    get_relation_model,
)
from django_polyimages.conf import get_settings


class PolyimagesConfig(AppConfig):
    name = "django_polyimages"
    label = "polyimages"
    verbose_name = _("Images")
    default_auto_field = "django.db.models.BigAutoField"

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        """Read the settings before any model does, so that an error has a short traceback."""
        super().__init__(app_name, app_module)
        get_settings()

    def ready(self) -> None:
        """Raise for models that are not installed, then connect signals and checks."""
        from django_polyimages import checks, receivers

        for find in (get_organization_model, get_image_model, get_relation_model):
            find()
        receivers.connect()
        checks.register()
