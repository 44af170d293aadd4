"""How relations and objects are joined: every use of what Django's ORM does not document.

``_meta``, ``_state``, ``_default_manager`` and ``_base_manager`` are documented. Each module lists
what it uses beside these; the tests of this package run with every supported Django (``tox``).
"""
