"""From a source of labelled pictures to arrays that every worker shares."""
