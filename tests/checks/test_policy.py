from __future__ import annotations

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group

from django_polyimages.checks import policy
from django_polyimages.policies import GroupPolicy, OrganizationPolicy


class Policy(OrganizationPolicy):
    def is_member(self, user, organization):
        return True


class ByName(Policy):
    slug_field = "name"


class ByKey(Policy):
    slug_field = "pk"


class ByDomain(Policy):
    slug_field = "domain"


class Finder(ByDomain):
    def get_organization(self, slug):
        return None


class Forgetful(OrganizationPolicy):
    """Does not implement ``is_member``."""


class Groups(GroupPolicy):
    """Inherits ``is_member`` of ``GroupPolicy``."""


class Half:
    def is_member(self, user, organization):
        return True

    def may(self, user, action, organization, obj=None):
        return True


class Whole(Half):
    def get_organization(self, slug):
        return None


class Asynchronous(Policy):
    async def may(self, user, action, organization, obj=None):
        return False


class Misspelt(Policy):
    def can(self, user, action, organization, obj=None):
        return False

    def mat(self, user, action, organization, obj=None):
        return False


class WithHelpers(Misspelt):
    def may(self, user, action, organization, obj=None):
        return self.mat(user, action, organization, obj)


instance = Policy()


@pytest.fixture
def complaints(settings):
    def found(path: str) -> list[str]:
        settings.POLYIMAGES = settings.POLYIMAGES | {"ORGANIZATION_POLICY": path}
        return [f"{one.id} {one.msg} {one.hint}" for one in policy.check_policy()]

    return found


@pytest.mark.parametrize("name", ["Policy", "ByName", "ByKey", "Finder", "Whole"])
def test_a_policy_that_knows_members_is_fine(complaints, name):
    assert complaints(f"{__name__}.{name}") == []


def test_the_example_project_s_policy_is_fine():
    assert policy.check_policy() == []


@pytest.mark.parametrize("path", ["Policy", "shops.images.Policy", f"{__name__}.Polizy"])
def test_a_policy_has_to_be_found(complaints, path):
    [complaint] = complaints(path)
    assert complaint.startswith("polyimages.E012")
    assert f"{path!r}, which cannot be imported: " in complaint


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("instance", "is not a class"),
        ("Half", "has no method get_organization"),
        ("Forgetful", "does not implement is_member"),
    ],
)
def test_a_policy_has_to_answer(complaints, name, problem):
    [complaint] = complaints(f"{__name__}.{name}")
    assert complaint.startswith("polyimages.E013")
    assert f", which {problem}. Write a subclass of OrganizationPolicy" in complaint


@pytest.mark.parametrize("path", ["django_polyimages.policies.GroupPolicy", f"{__name__}.Groups"])
def test_groups_have_members_only_where_they_are_the_organizations(complaints, monkeypatch, path):
    [complaint] = complaints(path)
    assert complaint.startswith("polyimages.W005")
    assert "ORGANIZATION_MODEL is organizations.Organization" in complaint
    monkeypatch.setattr(policy, "get_organization_model", lambda: Group)
    assert complaints(path) == []


def test_groups_have_no_members_where_users_have_no_groups(complaints, monkeypatch):
    monkeypatch.setattr(policy, "get_organization_model", lambda: Group)
    monkeypatch.setattr(policy, "get_user_model", lambda: AbstractBaseUser)
    [complaint] = complaints("django_polyimages.policies.GroupPolicy")
    assert complaint.startswith("polyimages.W044")
    assert "auth.User, which has no groups" in complaint
    assert complaints(f"{__name__}.ByName") == []


def test_organizations_have_the_field_that_finds_them(complaints):
    [complaint] = complaints(f"{__name__}.ByDomain")
    assert complaint.startswith("polyimages.E023")
    assert "'domain', a field that organizations.Organization does not have" in complaint


def test_a_method_that_would_have_to_be_awaited(complaints):
    [complaint] = complaints(f"{__name__}.Asynchronous")
    assert complaint.startswith("polyimages.E013")
    assert "asynchronous may" in complaint


def test_a_misspelt_method_overrides_nothing(complaints):
    [complaint] = complaints(f"{__name__}.Misspelt")
    assert "has a method mat, which is never called (did you mean may?)" in complaint
    assert complaints(f"{__name__}.WithHelpers") == []
