from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from catalog.models import Product
from config.api import api
from contacts.models import Contact
from gallery.views import ObjectPage, gallery

urlpatterns = [
    path("", gallery, name="gallery"),
    path("contacts/<int:pk>/", ObjectPage.as_view(model=Contact), name="contact"),
    path("products/<uuid:pk>/", ObjectPage.as_view(model=Product), name="product"),
    path("login/", LoginView.as_view(template_name="gallery/login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("images/", include("django_polyimages.urls")),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}gallery/icon.svg")),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
