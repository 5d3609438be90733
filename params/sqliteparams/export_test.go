package sqliteparams

// Steps are those of the tables.
func Steps() []string { return steps() }
