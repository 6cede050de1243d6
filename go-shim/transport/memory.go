// Package transport has a raft.Transport between nodes of one process, for
// tests and examples.
//
// Goroutines: each request that was sent has one, which ends when the request
// was answered or lost.
package transport

import (
	"errors"
	"sync"
)

// ErrUnreachable is what a sender learns of a request that did not arrive.
var ErrUnreachable = errors.New("transport: server is unreachable")

// Handler answers requests; a raft.Node is one.
type Handler interface {
	Handle(request []byte) (reply []byte, err error)
}

// Network connects the servers of one process. The zero value is an empty
// network, ready for use. Its methods may be called from any goroutine.
type Network struct {
	mu       sync.Mutex
	handlers map[uint64]Handler
	isolated map[uint64]bool
	requests int
}

// Attach makes handler answer the requests to server id from now on. nil
// makes the server unreachable, as if it had crashed.
func (n *Network) Attach(id uint64, handler Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.handlers == nil {
		n.handlers = map[uint64]Handler{}
	}
	n.handlers[id] = handler
}

// Isolate cuts server id off from all others, or lets it join them again.
func (n *Network) Isolate(id uint64, isolated bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.isolated == nil {
		n.isolated = map[uint64]bool{}
	}
	n.isolated[id] = isolated
}

// Requests is the number of requests that were sent.
func (n *Network) Requests() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.requests
}

// Endpoint is server id's raft.Transport.
func (n *Network) Endpoint(id uint64) *Endpoint { return &Endpoint{network: n, id: id} }

// Endpoint is one server's way into a Network.
type Endpoint struct {
	network *Network
	id      uint64
}

// Send implements raft.Transport.
func (e *Endpoint) Send(to uint64, request []byte, done func(reply []byte, err error)) {
	e.network.mu.Lock()
	e.network.requests++
	e.network.mu.Unlock()
	go func() { done(e.network.carry(e.id, to, request)) }()
}

// carry brings a request to its receiver, and the reply back if there is still
// a way.
func (n *Network) carry(from, to uint64, request []byte) ([]byte, error) {
	handler := n.route(from, to)
	if handler == nil {
		return nil, ErrUnreachable
	}
	reply, err := handler.Handle(request)
	if err == nil && n.route(from, to) != handler {
		return nil, ErrUnreachable
	}
	return reply, err
}

// route finds the receiver, nil if there is no way to it.
func (n *Network) route(from, to uint64) Handler {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.isolated[from] || n.isolated[to] {
		return nil
	}
	return n.handlers[to]
}
