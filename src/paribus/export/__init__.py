"""A study's runs, written as trackers and tables keep them: `paribus export`."""
