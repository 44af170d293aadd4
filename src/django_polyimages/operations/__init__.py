"""Operations on many images: first a plan, then its application.

Admin actions and management commands call these functions.
"""
