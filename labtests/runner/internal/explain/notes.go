package explain

// notes are what may be wrong with a test that failed although no rule broke.
var notes = []note{}
