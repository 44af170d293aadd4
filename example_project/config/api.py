from django.conf import settings
from ninja import NinjaAPI
from ninja.security import django_auth
from ninja.throttling import AuthRateThrottle

from django_polyimages.api import images_router

# Its auth, not only the router's, makes the interactive docs send the CSRF token.
api = NinjaAPI(title="Example project", version="1", auth=django_auth)
uploads = AuthRateThrottle(settings.UPLOAD_RATE)
api.add_router("/images/", images_router(auth=django_auth, upload_throttle=uploads))
