"""The policy for the images of an organization: viewers may read, editors may read and write."""

from django.contrib.auth.models import AbstractUser
from django.db.models import Model

from django_polyimages.policies import Action, OrganizationPolicy
from organizations.models import Membership


class Policy(OrganizationPolicy):
    membership: Membership | None = None

    def is_member(self, user: AbstractUser, organization: Model) -> bool:
        self.membership = Membership.objects.filter(
            user_id=user.pk, organization_id=organization.pk
        ).first()
        return self.membership is not None

    def may(
        self, user: AbstractUser, action: Action, organization: Model, obj: Model | None = None
    ) -> bool:
        if self.membership is None:
            return False
        return action == "view" or self.membership.role == Membership.Role.EDITOR
