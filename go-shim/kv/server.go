package kv

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"pontoon.dev/go-shim/rsm"
)

// Replica is what a Server serves: an *rsm.RSM, or a *replica.Replica.
type Replica interface {
	Submit(ctx context.Context, command []byte) ([]byte, error)
	SubmitOnce(ctx context.Context, client, serial uint64, command []byte) ([]byte, error)
	Open(ctx context.Context) (client uint64, err error)
}

// DefaultTimeout is how long a request waits at a server: a leader that is cut
// off from the others must not keep a client that could ask them instead. It is
// longer than any commit that is going to happen soon.
const DefaultTimeout = 500 * time.Millisecond

// Server answers clients' requests with a replica of Strings or Versions.
type Server struct {
	replica Replica
	timeout time.Duration
}

// NewServer returns a server whose requests wait for timeout at most; 0 is
// DefaultTimeout.
func NewServer(replica Replica, timeout time.Duration) *Server {
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	return &Server{replica, timeout}
}

// Handle answers a Client's request. A server that does not lead answers at
// once, one that leads when the command was executed or when it is clear that
// this is not to be known here. The request must not change until it returns.
func (s *Server) Handle(request []byte) (reply []byte) {
	r, ok := decodeRequest(request)
	if !ok {
		return []byte{replyBad}
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	var answer []byte
	var err error
	switch r.kind {
	case requestQuery:
		answer, err = s.replica.Submit(ctx, r.command)
	case requestWrite:
		answer, err = s.replica.SubmitOnce(ctx, r.client, r.serial, r.command)
	case requestOpen:
		var client uint64
		client, err = s.replica.Open(ctx)
		answer = binary.AppendUvarint(nil, client)
	default:
		return []byte{replyBad}
	}
	switch {
	case err == nil:
		return append(append(make([]byte, 0, 1+len(answer)), replyDone), answer...)
	case errors.Is(err, rsm.ErrRefused):
		return []byte{replyNotTaken}
	case errors.Is(err, rsm.ErrNoSession):
		return []byte{replyNoSession}
	case errors.Is(err, rsm.ErrOutdated):
		// The client has gone on, and waits for this no more.
		return []byte{replyBad}
	}
	return []byte{replyUnknown}
}
