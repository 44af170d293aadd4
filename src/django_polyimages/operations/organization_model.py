"""Images move to another organization model: an operation for a migration of the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState, StateApps

from django_polyimages.models.joins.metadata import remote_field_of

__all__ = ["ChangeOrganizationModel"]

_NEW = "new_organization"
_UPLOADS = ("polyimages", "pendingupload")


class ChangeOrganizationModel(Operation):
    """Let all images refer to the model that ``ORGANIZATION_MODEL`` names now::

        def new_keys(apps):
            return {1: apps.get_model("shops", "Shop").objects.get(slug="main").pk}

        operations = [ChangeOrganizationModel("auth.Group", new_keys)]

    ``old_model`` is what the setting named before; where it was None, that is
    ``"polyimages.DefaultOrganization"``. ``new_keys`` is called with the historical models and
    returns the primary key of the new organization by that of the old one. ``image_model`` is your
    own image model, if you have one. The migration depends on those that create all three models.
    Uploads that are not finished end.
    Raises ``ValueError`` before anything is changed if an organization with images has no new one.
    It cannot be reversed: two organizations may have become one.
    """

    reversible = False

    def __init__(
        self,
        old_model: str,
        new_keys: Callable[[StateApps], Mapping[Any, Any]],
        image_model: str = "polyimages.Image",
    ) -> None:
        self.old_model = old_model
        self.new_keys = new_keys
        self.image_model = image_model

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing: the migrations that created the image model read the setting, too."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Fill a new column, drop the old one and give the new one its name."""
        label, name = self.image_model.lower().split(".")
        if not self.allow_migrate_model(
            schema_editor.connection.alias, from_state.apps.get_model(label, name)
        ):
            return
        state = from_state.clone()
        steps = ((label, step) for step in self._steps(state, label, name))
        of_uploads = ((_UPLOADS[0], step) for step in self._steps_of_uploads(state))
        for app, step in chain(steps, of_uploads):
            before = state.clone()
            step.state_forwards(app, state)
            step.database_forwards(app, schema_editor, before, state)

    def describe(self) -> str:
        return "Let images refer to the model that ORGANIZATION_MODEL names"

    def _steps(self, state: ProjectState, label: str, name: str) -> Iterator[Operation]:
        model = state.models[label, name]
        field = model.fields["organization"].clone()
        old, new = (
            models.ForeignKey(to, models.CASCADE, null=True, related_name="+")
            for to in (self.old_model, remote_field_of(field).model)
        )
        indexes = [
            index
            for index in model.options["indexes"]
            if any(column.removeprefix("-") == "organization" for column in index.fields)
        ]
        # What the column refers to in the database, whatever the setting says now.
        in_database = migrations.AlterField(name, "organization", old)
        yield migrations.SeparateDatabaseAndState(state_operations=[in_database])
        yield migrations.RunPython(partial(self._require_all, label, name))
        yield migrations.AddField(name, _NEW, new)
        yield migrations.RunPython(partial(self._fill, label, name))
        yield from (migrations.RemoveIndex(name, index.name) for index in indexes)
        yield migrations.RemoveField(name, "organization")
        yield migrations.RenameField(name, _NEW, "organization")
        yield migrations.AlterField(name, "organization", field)
        yield from (migrations.AddIndex(name, index) for index in indexes)

    def _steps_of_uploads(self, state: ProjectState) -> Iterator[Operation]:
        """Pending uploads last an hour, so they end. The daily command deletes their files."""
        if _UPLOADS not in state.models:
            return
        name = _UPLOADS[1]
        field = state.models[_UPLOADS].fields["organization"].clone()
        old = models.ForeignKey(self.old_model, models.CASCADE, null=True, related_name="+")
        in_database = migrations.AlterField(name, "organization", old)
        yield migrations.SeparateDatabaseAndState(state_operations=[in_database])
        yield migrations.RunPython(_end_uploads)
        yield migrations.RemoveField(name, "organization")
        yield migrations.AddField(name, "organization", field)

    def _require_all(
        self, label: str, name: str, apps: StateApps, schema_editor: BaseDatabaseSchemaEditor
    ) -> None:
        images = _images(apps, label, name, schema_editor)
        found = set(images.order_by().values_list("organization", flat=True).distinct())
        if lost := found - set(self.new_keys(apps)):
            raise ValueError(f"new_keys() lacks these keys of {self.old_model}: {lost}")

    def _fill(
        self, label: str, name: str, apps: StateApps, schema_editor: BaseDatabaseSchemaEditor
    ) -> None:
        images = _images(apps, label, name, schema_editor)
        for old, new in self.new_keys(apps).items():
            images.filter(organization=old).update(**{_NEW: new})
        if schema_editor.connection.vendor == "postgresql":
            # It alters no table with constraints that are still to be checked.
            schema_editor.connection.check_constraints()


def _end_uploads(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _images(apps, *_UPLOADS, schema_editor).delete()


def _images(
    apps: StateApps, label: str, name: str, schema_editor: BaseDatabaseSchemaEditor
) -> models.QuerySet[Any]:
    model: type[models.Model] = apps.get_model(label, name)
    return model._base_manager.using(schema_editor.connection.alias)
