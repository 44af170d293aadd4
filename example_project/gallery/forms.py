from django import forms

from django_polyimages.forms import MultipleImageUploadField


class PicturesForm(forms.Form):
    pictures = MultipleImageUploadField(label="Add images")
