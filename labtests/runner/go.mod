module pontoon.dev/labrun

go 1.25

// Why: traces of a run are read with the package that wrote them.
require pontoon.dev/go-shim v0.0.0

replace pontoon.dev/go-shim => ../../go-shim
