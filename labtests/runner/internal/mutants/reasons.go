package mutants

// reasons says why a mutant survives a suite, where that is understood.
var reasons = map[string]map[string]string{"lab": {}}
