from django.apps import AppConfig, apps


class RegisteringConfig(AppConfig):
    name = "tests.registering"

    def ready(self) -> None:
        from django.contrib.auth.models import User

        from django_polyimages.models import register_attachable
        from organizations.models import Organization

        for model in apps.get_models():
            model._meta.get_fields(include_hidden=True)  # fill the caches, as other apps may do
        register_attachable(User, organization_path="memberships__organization")
        register_attachable(Organization, organization_path="pk")
