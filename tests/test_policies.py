from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Group, User
from django.test.utils import isolate_apps

from django_polyimages.policies import GroupPolicy, OrganizationPolicy, StaffPolicy, get_policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(settings) -> Group:
    settings.POLYIMAGES = {}
    return Group.objects.create(name="Acme")


def test_without_a_setting_organizations_are_groups(group):
    policy = get_policy()
    assert type(policy) is GroupPolicy
    assert policy.get_organization("Acme") == group
    assert policy.get_organization("acme") is None
    assert policy.get_organization("Nowhere") is None


def test_members_of_the_group_may_do_everything(group):
    member, stranger = User.objects.create_user("m"), User.objects.create_user("s")
    member.groups.add(group)
    policy = get_policy()
    assert policy.is_member(member, group)
    assert not policy.is_member(stranger, group)
    assert all(policy.may(member, action, group) for action in ("view", "add", "delete"))


@isolate_apps("organizations")
def test_users_without_groups_are_members_of_none(group):
    class Plain(AbstractBaseUser):
        class Meta:
            app_label = "organizations"

    token = SimpleNamespace(pk=1, is_authenticated=True)
    claims = [SimpleNamespace(pk=1, groups=groups) for groups in (None, ["Acme"], "Acme")]
    for user in (Plain(pk=1), token, *claims, SimpleNamespace(), User(), AnonymousUser()):
        assert get_policy().is_member(user, group) is False


@pytest.mark.parametrize("claims", [{}, {"is_staff": None}, {"is_staff": 1}, {"is_staff": "false"}])
def test_a_token_that_does_not_say_so_is_no_staff(group, claims):
    assert StaffPolicy().is_member(SimpleNamespace(pk=1, **claims), group) is False
    assert StaffPolicy().is_member(SimpleNamespace(pk=1, is_staff=True), group) is True


def test_a_policy_of_one_s_own_has_to_say_who_is_a_member(acme, editor):
    with pytest.raises(NotImplementedError):
        OrganizationPolicy().is_member(editor, acme)


@pytest.mark.parametrize(("field", "wrong"), [("pk", "x"), ("id", "1.5")])
def test_the_field_in_urls_may_be_a_number(acme, monkeypatch, field, wrong):
    monkeypatch.setattr(OrganizationPolicy, "slug_field", field)
    policy = OrganizationPolicy()
    assert policy.get_organization(str(acme.pk)) == acme
    assert policy.get_organization(f"0{acme.pk}") is None
    assert policy.get_organization(wrong) is None


def test_every_request_gets_its_own_policy():
    assert get_policy() is not get_policy()
