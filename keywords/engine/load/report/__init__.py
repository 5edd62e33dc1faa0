"""Report of a load run: one content, as plain text, for a terminal, and as HTML for Robot's log and Allure."""
