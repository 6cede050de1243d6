// Package core is Pontoon's Raft core behind its C ABI: the only package of
// this module that imports "C".
//
// A Node is a passive state machine. It has no clock, no thread and no lock
// that is held between calls, it never blocks and never calls back into Go.
// Every method is one crossing of 50 ns or so and allocates nothing. Times are
// milliseconds of a monotonic clock that the caller chooses, passed to every
// entry point.
//
// A Node is not safe for concurrent use: package raft serialises its callers.
// Slices in what Work and Apply return are views of the library's memory, and
// each says how long it is valid.
//
// # Linking
//
// By default the archive lib/libpontoon.a beside this file is linked in; the
// repository's Makefile builds it and puts it there. With the build tag
// pontoon_external no library is named, and CGO_LDFLAGS has to give the
// absolute path of a libpontoon.a (followed by -lm -ldl -lpthread) or of a
// libpontoon.so. Go's caches do not notice a changed library: pass
// -ldflags "-X pontoon.dev/go-shim/internal/core.LibHash=<hash of it>".
//
// The C functions are marked noescape and nocallback, which takes a Go 1.24
// toolchain or later; the language is that of Go 1.22.
//
// # Goroutines
//
// None.
package core
