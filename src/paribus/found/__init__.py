"""From runs that were found to a study and its records: settings, seeds, values, what is left."""
