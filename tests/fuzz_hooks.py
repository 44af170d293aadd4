"""Loaded by schemathesis: the CSRF cookie beside the session that its own ``auth`` sends."""

import schemathesis

TOKEN = "a" * 32


@schemathesis.hook
def before_call(context, case, kwargs):
    case.cookies = {**(case.cookies or {}), "csrftoken": TOKEN}
