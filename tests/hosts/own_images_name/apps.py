from django.apps import AppConfig


class OwnImagesNameConfig(AppConfig):
    name = "tests.hosts.own_images_name"

    def ready(self) -> None:
        from django_polyimages.models import register_attachable
        from tests.hosts.own_images_name.models import Supplier

        register_attachable(Supplier, organization_path="organization", name="photos")
