package transport_test

import (
	"errors"
	"testing"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/transport"
)

var (
	_ raft.Transport    = (*transport.Endpoint)(nil)
	_ transport.Handler = (*raft.Node)(nil)
)

// echo answers with the request, after calling during.
type echo struct{ during func() }

func (e *echo) Handle(request []byte) ([]byte, error) {
	if e.during != nil {
		e.during()
	}
	if len(request) == 0 {
		return nil, raft.ErrBadRequest
	}
	return request, nil
}

// ask sends and waits.
func ask(from *transport.Endpoint, to uint64, request string) (string, error) {
	type answer struct {
		reply []byte
		err   error
	}
	answers := make(chan answer, 1)
	from.Send(to, []byte(request), func(reply []byte, err error) { answers <- answer{reply, err} })
	a := <-answers
	return string(a.reply), a.err
}

func TestNetwork(t *testing.T) {
	var network transport.Network
	one := network.Endpoint(1)
	expect := func(what, request, want string, wantErr error) {
		t.Helper()
		if reply, err := ask(one, 2, request); reply != want || !errors.Is(err, wantErr) {
			t.Errorf("%s: %q, %v, want %q, %v", what, reply, err, want, wantErr)
		}
	}
	expect("nobody there", "hello", "", transport.ErrUnreachable)
	server := &echo{}
	network.Attach(2, server)
	expect("attached", "hello", "hello", nil)
	expect("an error of the handler", "", "", raft.ErrBadRequest)
	for _, id := range []uint64{1, 2} {
		network.Isolate(id, true)
		expect("isolated", "hello", "", transport.ErrUnreachable)
		network.Isolate(id, false)
		expect("joined again", "hello", "hello", nil)
	}
	server.during = func() { network.Isolate(1, true) }
	expect("isolated before the reply", "hello", "", transport.ErrUnreachable)
	network.Isolate(1, false)
	server.during = func() { network.Attach(2, &echo{}) }
	expect("restarted before the reply", "hello", "", transport.ErrUnreachable)
	network.Attach(2, nil)
	expect("crashed", "hello", "", transport.ErrUnreachable)
	if network.Requests() != 10 {
		t.Errorf("%d requests", network.Requests())
	}
}
