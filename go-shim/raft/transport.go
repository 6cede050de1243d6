package raft

// Transport carries requests to other servers and brings back the replies. It
// is best effort: requests and replies may be lost, delayed, duplicated and
// reordered, but not altered. Package transport has one in memory.
//
// At the other end the request is given to Node.Handle, and what that returns
// is the reply. Every request needs a goroutine of its own there or a queue
// per sender: Handle waits for storage.
type Transport interface {
	// Send sends a request and returns without waiting for anything, neither
	// the network nor another node. The request belongs to the transport.
	//
	// When the reply comes, done is called with it; the slice is not kept. When
	// the request or the reply is known to be lost, done is called with an
	// error, which lets the leader repeat at once instead of after a heartbeat
	// interval. done may be called from any goroutine, also from within Send,
	// and may do a bounded amount of the node's work, Storage.Save included;
	// calling it again does no harm, and never calling it is allowed.
	// Send calls no method of the node.
	Send(to uint64, request []byte, done func(reply []byte, err error))
}
