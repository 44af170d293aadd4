"""Loaded by schemathesis: the CSRF cookie beside the session that its own ``auth`` sends."""

import schemathesis

TOKEN = "a" * 32


@schemathesis.hook
def before_call(context, case, kwargs):
    case.cookies = {**(case.cookies or {}), "csrftoken": TOKEN}


@schemathesis.hook
def filter_case(context, case):
    """A form carries texts only: null or 5 for a title arrives as the text "null" or "5", which is
    a fine title and no proof of anything.
    """
    if case.operation.path.endswith("/{org_slug}/images/") and isinstance(case.body, dict):
        texts = [value for name, value in case.body.items() if name != "file"]
        return all(isinstance(text, str) for text in texts)
    return True
