"""From a source of labeled images to arrays that every worker shares."""
