"""Alerts: rules of a model, what they measure, when somebody is told, and of what."""
