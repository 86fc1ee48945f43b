"""The experiment: stages, settings, tracking and tables around the method in `uxla`."""
