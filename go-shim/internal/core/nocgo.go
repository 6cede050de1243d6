//go:build !cgo

package core

// The compiler prints the sentence; nothing else of this package is built.
const _ uint8 = "Pontoon's Raft core is a C library: install a C compiler such as gcc and build with CGO_ENABLED=1"
