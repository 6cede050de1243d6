//go:build cgo

package core

/*
#cgo noescape told
#cgo nocallback told
#include "pontoon.h"

// What Go checks in a pointer to a struct with pointers takes longer than this
// call, and half of what tracing costs; a number it does not check.
static PontoonStatus told(PontoonNode node, uintptr_t events) {
    return pontoon_events(node, (PontoonEvents *)events);
}
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// Events takes what happened since the last call, the oldest first. The slice
// is used again by the next call.
func (n *Node) Events() ([]Event, error) {
	status := C.told(n.handle, C.uintptr_t(uintptr(unsafe.Pointer(&n.events))))
	runtime.KeepAlive(n)
	if status != C.PONTOON_OK {
		return nil, n.failure(status)
	}
	n.told = n.told[:0]
	views := unsafe.Slice(n.events.events, int(n.events.events_len))
	for i := range views {
		e := &views[i]
		n.told = append(n.told, Event{
			Kind:    uint32(e.kind),
			Role:    Role(e.role),
			HasPeer: e.has_peer != 0,
			Peer:    uint64(e.peer),
			Term:    uint64(e.term),
			Index:   uint64(e.index),
			LogTerm: uint64(e.log_term),
			Last:    uint64(e.last),
			Digest:  uint64(e.digest),
		})
	}
	n.events = C.PontoonEvents{struct_size: n.events.struct_size}
	return n.told, nil
}

// Describe tells what a message says. It needs no node.
func Describe(message []byte) (MessageInfo, error) {
	var info C.PontoonMessageInfo
	info.struct_size = C.size_t(unsafe.Sizeof(info))
	if status := C.pontoon_describe((*C.uint8_t)(pointer(message)), C.size_t(len(message)), &info); status != C.PONTOON_OK {
		return MessageInfo{}, Status(status)
	}
	return MessageInfo{
		From:        uint64(info.from),
		To:          uint64(info.to),
		Kind:        uint32(info.kind),
		IsReply:     info.is_reply != 0,
		Term:        uint64(info.term),
		Index:       uint64(info.index),
		LogTerm:     uint64(info.log_term),
		Entries:     uint64(info.entries_len),
		EntriesTerm: uint64(info.entries_term),
		Commit:      uint64(info.commit_index),
		OK:          info.ok != 0,
	}, nil
}
