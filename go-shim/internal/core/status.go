//go:build cgo

package core

// #include "pontoon.h"
import "C"

// Status says why a call failed. Statuses are errors, comparable with
// errors.Is also when they come with a detailed text.
type Status int32

// The statuses of the C ABI, explained in pontoon.h.
const (
	ErrNull            Status = C.PONTOON_ERR_NULL
	ErrBadHandle       Status = C.PONTOON_ERR_BAD_HANDLE
	ErrKilled          Status = C.PONTOON_ERR_KILLED
	ErrReentry         Status = C.PONTOON_ERR_REENTRY
	ErrPanic           Status = C.PONTOON_ERR_PANIC
	ErrConfig          Status = C.PONTOON_ERR_CONFIG
	ErrDecode          Status = C.PONTOON_ERR_DECODE
	ErrVersion         Status = C.PONTOON_ERR_VERSION
	ErrTooLarge        Status = C.PONTOON_ERR_TOO_LARGE
	ErrNotLeader       Status = C.PONTOON_ERR_NOT_LEADER
	ErrUnknownPeer     Status = C.PONTOON_ERR_UNKNOWN_PEER
	ErrOutOfRange      Status = C.PONTOON_ERR_OUT_OF_RANGE
	ErrNoWork          Status = C.PONTOON_ERR_NO_WORK
	ErrWorkOutstanding Status = C.PONTOON_ERR_WORK_OUTSTANDING
	ErrStorage         Status = C.PONTOON_ERR_STORAGE
	ErrStructSize      Status = C.PONTOON_ERR_STRUCT_SIZE
	ErrLimit           Status = C.PONTOON_ERR_LIMIT
)

// Error is the library's general sentence about the status.
func (s Status) Error() string {
	return C.GoString(C.pontoon_status_text(C.PontoonStatus(s)))
}

// Error is a status with the library's sentence about this one failure.
type Error struct {
	Status Status
	Text   string
}

// Error is the sentence.
func (e *Error) Error() string { return e.Text }

// Unwrap is the status, for errors.Is.
func (e *Error) Unwrap() error { return e.Status }

// errorText is the node's sentence about its latest failure.
func (n *Node) errorText() string {
	var needed C.size_t
	buffer := make([]byte, 512)
	for {
		status := C.pontoon_last_error(n.handle, (*C.char)(pointer(buffer)), C.size_t(len(buffer)), &needed)
		if status != C.PONTOON_OK {
			return ""
		}
		if int(needed) <= len(buffer) {
			return cString(buffer)
		}
		buffer = make([]byte, needed)
	}
}

// failure turns a status into an error. What is part of ordinary operation
// stays a bare status and allocates nothing.
func (n *Node) failure(status C.PontoonStatus) error {
	switch s := Status(status); s {
	case C.PONTOON_OK:
		return nil
	case ErrNoWork, ErrNotLeader, ErrOutOfRange, ErrKilled, ErrBadHandle:
		return s
	default:
		if text := n.errorText(); text != "" {
			return &Error{Status: s, Text: text}
		}
		return s
	}
}
