"""``{% load polyimages %}``: template tags that call ``rendering``."""

from __future__ import annotations

from collections.abc import Callable
from inspect import BoundArguments, signature
from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, Token, Variable, token_kwargs
from django.template.context import Context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from django_polyimages import rendering
from django_polyimages.forms import MultipleImageUploadInput
from django_polyimages.models import AbstractImage, AbstractImageRelation

register = template.Library()

Subject = AbstractImage | AbstractImageRelation | None


def picture(subject: Subject, **options: Any) -> str:
    """``{% picture relation sizes="50vw" class="card" %}``; writes nothing for ``None``, such as a
    missing cover.
    """
    return SafeString() if subject is None else rendering.picture(subject, **options).__html__()


def image_url(subject: Subject, name: str) -> str:
    """``{% image_url relation "thumb" %}``: the URL of the version, or of the next best one; empty
    if there is none.
    """
    version = None if subject is None else rendering.image_of(subject).version(name)
    return "" if version is None else version.url


@register.simple_tag
def image_uploads(url: str, name: str = "images") -> SafeString:
    """``{% image_uploads url name="photos" %}``: a field for images that are sent as soon as they
    are chosen, with its scripts.

    ``url`` is the one that begins an upload in the HTTP API. The form then sends the ids of the
    uploads, which ``MultipleImageUploadField`` turns into files; without scripts, it sends files.
    """
    widget = MultipleImageUploadInput(uploads_url=url)
    html: str = widget.render(name, None, {"id": f"id_{name}"})
    return format_html("{}{}", widget.media, html)


def image_link(subject: Subject, name: str) -> str:
    """``{% image_link relation "md" %}``: the path of a view that redirects to the version, for
    those who may see it; empty for ``None``.
    """
    return "" if subject is None else rendering.image_link(subject, name)


class ImageNode(template.Node):
    """A call of a function whose first argument is an image, a relation or missing.

    ``simple_tag`` cannot do this: it passes ``string_if_invalid`` for an unknown variable, and an
    error could not say which variable has the wrong value.
    """

    def __init__(self, function: Callable[..., str], call: BoundArguments, target: str) -> None:
        self.function = function
        self.subject: FilterExpression = call.args[0]
        self.arguments: list[FilterExpression] = list(call.args[1:])
        self.options: dict[str, FilterExpression] = call.kwargs
        self.target = target

    def render(self, context: Context) -> str:
        subject = _resolve_subject(self.subject, context)
        arguments = [one.resolve(context) for one in self.arguments]
        options = {name: one.resolve(context) for name, one in self.options.items()}
        output = self.function(subject, *arguments, **options)
        if self.target:
            context[self.target] = output
            return ""
        return conditional_escape(output) if context.autoescape else output


def _resolve_subject(expression: FilterExpression, context: Context) -> Subject:
    """The image or relation; None if the variable, or a step on the way to it, is missing or empty.

    Raises ``TypeError``, with the name of the variable, for anything else.
    """
    value = expression.resolve(context)
    if isinstance(value, str) and (not value or _is_unknown(expression, value, context)):
        return None
    if isinstance(value, type(None)):  # unlike "is", also for a lazy object
        return None
    rendering.image_of(value, called=str(expression))
    return value  # type: ignore[no-any-return]


def _is_unknown(expression: FilterExpression, value: str, context: Context) -> bool:
    """Whether ``value`` is only what Django writes for an unknown variable."""
    if context.template is not None and value == context.template.engine.string_if_invalid:
        return True
    try:
        if isinstance(expression.var, Variable):
            expression.var.resolve(context)
    except template.VariableDoesNotExist:
        return True
    return False


def _tag(function: Callable[..., str]) -> Callable[[Parser, Token], ImageNode]:
    """Compiles ``{% function subject argument name=value as variable %}``."""

    def compile_tag(parser: Parser, token: Token) -> ImageNode:
        tag, *bits = token.split_contents()
        target = ""
        if bits[-2:-1] == ["as"]:
            *bits, _as, target = bits
        arguments: list[FilterExpression] = []
        options: dict[str, FilterExpression] = {}
        try:
            for bit in bits:
                if named := token_kwargs([bit], parser):
                    options = dict(**options, **named)
                else:
                    arguments.append(parser.compile_filter(bit))
            call = signature(function).bind(*arguments, **options)
        except TypeError as error:
            raise template.TemplateSyntaxError(f"{{% {tag} %}}: {error}") from error
        return ImageNode(function, call, target)

    return compile_tag


register.tag("picture", _tag(picture))
register.tag("image_url", _tag(image_url))
register.tag("image_link", _tag(image_link))
