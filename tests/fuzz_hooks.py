"""Loaded by schemathesis. Adds the CSRF cookie to requests with a session."""

import schemathesis

TOKEN = "a" * 32


@schemathesis.hook
def before_call(context, case, kwargs):
    case.cookies = {**(case.cookies or {}), "csrftoken": TOKEN}


@schemathesis.hook
def filter_case(context, case):
    """Skip forms with values that are not texts: they arrive as "null" or "5", which are valid
    titles, so the expected error would not occur.
    """
    if case.operation.path.endswith("/{org_slug}/images/") and isinstance(case.body, dict):
        texts = [value for name, value in case.body.items() if name != "file"]
        return all(isinstance(text, str) for text in texts)
    return True
