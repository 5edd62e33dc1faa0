"""Allure's view of a run."""
