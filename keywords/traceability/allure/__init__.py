"""The Allure page of a run."""
