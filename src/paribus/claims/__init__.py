"""Whether the runs support what a study claims."""
