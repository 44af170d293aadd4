"""What an operator does with many images: plan it, then apply the plan.

The admin's actions and management commands are shells around these functions.
"""
