"""A run from its settings to its report: plan, preparation, session, folder, outcome."""
