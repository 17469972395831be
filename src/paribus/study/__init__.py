"""From a study file to the runs it asks for."""
