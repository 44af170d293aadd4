from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _


class PolyimagesConfig(AppConfig):
    name = "django_polyimages"
    label = "polyimages"
    verbose_name = _("Images")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_polyimages import checks, receivers

        receivers.connect()
        register(checks.check_organization_paths, Tags.models)
        register(checks.check_inherited_images, Tags.models)
