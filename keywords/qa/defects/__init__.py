"""`qa defects`: puts one defect after the other before the suites, and sees which rows find it."""
