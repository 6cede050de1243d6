//go:build cgo && !pontoon_external

package core

// #cgo LDFLAGS: ${SRCDIR}/lib/libpontoon.a -lm -ldl -lpthread
import "C"
