from django.apps import AppConfig


class ShopsConfig(AppConfig):
    name = "tests.hosts.late_organizations"
    label = "shops"
