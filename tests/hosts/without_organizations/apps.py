from django.apps import AppConfig


class WithoutOrganizationsConfig(AppConfig):
    name = "tests.hosts.without_organizations"
    label = "magazine"

    def ready(self) -> None:
        from django.contrib.auth.models import User

        from django_polyimages.models import register_attachable

        register_attachable(User)
