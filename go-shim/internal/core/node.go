//go:build cgo

package core

/*
#cgo noescape pontoon_make
#cgo nocallback pontoon_make
#cgo noescape pontoon_start
#cgo nocallback pontoon_start
#cgo noescape pontoon_get_state
#cgo nocallback pontoon_get_state
#cgo noescape pontoon_snapshot
#cgo nocallback pontoon_snapshot
#cgo noescape pontoon_tick
#cgo nocallback pontoon_tick
#cgo noescape pontoon_receive
#cgo nocallback pontoon_receive
#cgo noescape pontoon_undelivered
#cgo nocallback pontoon_undelivered
#cgo noescape pontoon_work
#cgo nocallback pontoon_work
#cgo noescape pontoon_work_done
#cgo nocallback pontoon_work_done
#cgo noescape pontoon_work_failed
#cgo nocallback pontoon_work_failed
#cgo noescape pontoon_apply
#cgo nocallback pontoon_apply
#cgo noescape pontoon_describe
#cgo nocallback pontoon_describe
#cgo noescape pontoon_free
#cgo nocallback pontoon_free
#cgo noescape pontoon_last_error
#cgo nocallback pontoon_last_error
#cgo noescape pontoon_status_text
#cgo nocallback pontoon_status_text
#cgo noescape pontoon_abi_version
#cgo nocallback pontoon_abi_version
#cgo noescape pontoon_version
#cgo nocallback pontoon_version
#include "pontoon.h"
*/
import "C"

import (
	"bytes"
	"fmt"
	"runtime"
	"unsafe"
)

// Node is one server's Raft core. The output structs are part of it, so that
// they are allocated once.
type Node struct {
	handle  C.PontoonNode
	step    C.PontoonStep
	started C.PontoonStarted
	state   C.PontoonState
	work    C.PontoonWork
	apply   C.PontoonApply
	events  C.PontoonEvents

	batch    Work
	messages []Message // backs batch.Early and batch.Messages
	applying Apply
	entries  []Entry // backs applying.Entries
	told     []Event // what Events returned last
}

// Version is the library's version.
func Version() string { return C.GoString(C.pontoon_version()) }

// Make makes a node out of what was last made durable; both slices are empty
// for a server that never ran. Nothing of the arguments is kept.
func Make(config Config, state, snapshot []byte, nowMS uint64) (*Node, error) {
	if found := C.pontoon_abi_version(); found != C.PONTOON_ABI_VERSION {
		return nil, fmt.Errorf("the linked libpontoon has ABI version %d, this package was compiled for %d: rebuild both from one source tree", found, uint32(C.PONTOON_ABI_VERSION))
	}
	c := C.PontoonConfig{
		id:                      C.uint64_t(config.ID),
		voters_len:              C.size_t(len(config.Voters)),
		seed:                    C.uint64_t(config.Seed),
		profile:                 C.PONTOON_PROFILE_LAB,
		max_inflight:            C.uint32_t(config.MaxInflight),
		election_timeout_ms_min: C.uint64_t(config.ElectionTimeoutMSMin),
		election_timeout_ms_max: C.uint64_t(config.ElectionTimeoutMSMax),
		heartbeat_interval_ms:   C.uint64_t(config.HeartbeatIntervalMS),
		coalesce_ms:             C.uint64_t(config.CoalesceMS),
		max_append_bytes:        C.size_t(config.MaxAppendBytes),
		snapshot_chunk_bytes:    C.size_t(config.SnapshotChunkBytes),
		trace_events:            C.size_t(config.TraceEvents),
	}
	c.struct_size = C.size_t(unsafe.Sizeof(c))
	if config.Service {
		c.profile = C.PONTOON_PROFILE_SERVICE
	}
	// A Go pointer inside of an argument has to be pinned.
	var pin runtime.Pinner
	defer pin.Unpin()
	if voters := unsafe.SliceData(config.Voters); voters != nil {
		pin.Pin(voters)
		c.voters = (*C.uint64_t)(voters)
	}
	n := &Node{}
	n.step.struct_size = C.size_t(unsafe.Sizeof(n.step))
	n.started.struct_size = C.size_t(unsafe.Sizeof(n.started))
	n.state.struct_size = C.size_t(unsafe.Sizeof(n.state))
	n.work.struct_size = C.size_t(unsafe.Sizeof(n.work))
	n.apply.struct_size = C.size_t(unsafe.Sizeof(n.apply))
	n.events.struct_size = C.size_t(unsafe.Sizeof(n.events))
	text := make([]byte, 1024)
	status := C.pontoon_make(&c, view(&pin, state), view(&pin, snapshot), C.uint64_t(nowMS), &n.handle, (*C.char)(pointer(text)), C.size_t(len(text)))
	if status != C.PONTOON_OK {
		return nil, &Error{Status: Status(status), Text: cString(text)}
	}
	return n, nil
}

// Start appends a command to the leader's log; elsewhere it is ErrNotLeader.
// The command is copied.
func (n *Node) Start(nowMS uint64, command []byte) (Started, Step, error) {
	status := C.pontoon_start(n.handle, C.uint64_t(nowMS), (*C.uint8_t)(pointer(command)), C.size_t(len(command)), &n.started, &n.step)
	if status != C.PONTOON_OK {
		return Started{}, Step{}, n.failure(status)
	}
	return Started{Index: uint64(n.started.index), Term: uint64(n.started.term)}, n.stepped(), nil
}

// State describes the node.
func (n *Node) State() (State, error) {
	if status := C.pontoon_get_state(n.handle, &n.state); status != C.PONTOON_OK {
		return State{}, n.failure(status)
	}
	s := &n.state
	return State{
		ID:             uint64(s.id),
		Term:           uint64(s.term),
		Role:           Role(s.role),
		HasLeader:      s.has_leader != 0,
		Leader:         uint64(s.leader),
		CommitIndex:    uint64(s.commit_index),
		DeliveredIndex: uint64(s.delivered_index),
		StableIndex:    uint64(s.stable_index),
		LastIndex:      uint64(s.last_index),
		LastTerm:       uint64(s.last_term),
		SnapshotIndex:  uint64(s.snapshot_index),
		SnapshotTerm:   uint64(s.snapshot_term),
		StateBytes:     uint64(s.state_bytes),
	}, nil
}

// Snapshot hands over the service's state up to index, so that the log before
// it can go; ErrOutOfRange unless index was delivered and is above the last
// snapshot's. The data is copied.
func (n *Node) Snapshot(nowMS, index uint64, data []byte) (Step, error) {
	status := C.pontoon_snapshot(n.handle, C.uint64_t(nowMS), C.uint64_t(index), (*C.uint8_t)(pointer(data)), C.size_t(len(data)), &n.step)
	return n.result(status)
}

// Tick tells that the deadline has come.
func (n *Node) Tick(nowMS uint64) (Step, error) {
	return n.result(C.pontoon_tick(n.handle, C.uint64_t(nowMS), &n.step))
}

// Receive takes a message. A request yields one reply with this ticket, in
// some later batch. The message is copied.
func (n *Node) Receive(nowMS, ticket uint64, message []byte) (Step, error) {
	status := C.pontoon_receive(n.handle, C.uint64_t(nowMS), C.uint64_t(ticket), (*C.uint8_t)(pointer(message)), C.size_t(len(message)), &n.step)
	return n.result(status)
}

// Undelivered tells that a request to a peer, or its reply, was lost.
func (n *Node) Undelivered(nowMS, to, ticket uint64) (Step, error) {
	return n.result(C.pontoon_undelivered(n.handle, C.uint64_t(nowMS), C.uint64_t(to), C.uint64_t(ticket), &n.step))
}

// Free ends the node and all views of it. Safe to call again.
func (n *Node) Free() {
	n.dropWork()
	n.ApplyDone()
	C.pontoon_free(n.handle)
	n.handle = 0
}

func (n *Node) result(status C.PontoonStatus) (Step, error) {
	if status != C.PONTOON_OK {
		return Step{}, n.failure(status)
	}
	return n.stepped(), nil
}

func (n *Node) stepped() Step {
	return Step{
		DeadlineMS: uint64(n.step.deadline_ms),
		Work:       n.step.ready&C.PONTOON_READY_WORK != 0,
		Apply:      n.step.ready&C.PONTOON_READY_APPLY != 0,
		Events:     n.step.ready&C.PONTOON_READY_EVENTS != 0,
	}
}

// pointer is the first byte's address. cgo keeps it in place for the call.
func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// view describes Go memory to C, for the time that it is pinned.
func view(pin *runtime.Pinner, b []byte) C.PontoonBytes {
	if len(b) == 0 {
		return C.PontoonBytes{}
	}
	pin.Pin(unsafe.SliceData(b))
	return C.PontoonBytes{data: (*C.uint8_t)(pointer(b)), len: C.size_t(len(b))}
}

// cString is the text before the first NUL.
func cString(buffer []byte) string {
	text, _, _ := bytes.Cut(buffer, []byte{0})
	return string(text)
}
