package kv

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"
)

// Call carries a request to one of the servers, numbered from 0, and brings
// back the reply; false if either was lost. It may block for as long as a
// request may take, and be called from several goroutines at once.
type Call func(server int, request []byte) (reply []byte, ok bool)

// What a Client's methods return, for errors.Is, beside the context's errors.
// After the context's errors a write may still take effect.
var (
	// ErrMaybe: the servers have dropped the client's session before the
	// answer arrived, because so many others were opened. The write may have
	// been executed once.
	ErrMaybe = errors.New("kv: the write may or may not have been executed")
	// ErrProtocol: a server does not understand the client, or the client it.
	ErrProtocol = errors.New("kv: server and client do not understand each other")
)

// pause is how long a client rests after all servers have denied to lead: a
// fraction of an election.
const pause = 20 * time.Millisecond

// client finds the leader and repeats requests until they are answered. Its
// methods may be called from any goroutine; writes are done one at a time.
type client struct {
	servers int
	call    Call
	leader  *atomic.Int64 // whom to ask first

	// writing has room for a token, which whoever writes holds, and which
	// guards the fields below.
	writing chan struct{}
	id      uint64 // the session; 0 before the first write
	serial  uint64 // of the latest write
}

func newClient(servers int, call Call) client {
	return client{servers: servers, call: call, leader: new(atomic.Int64), writing: make(chan struct{}, 1)}
}

// query executes a command that changes nothing.
func (c *client) query(ctx context.Context, command []byte) ([]byte, error) {
	answer, _, err := c.ask(ctx, request{kind: requestQuery, command: command})
	return answer, err
}

// write executes a command once.
func (c *client) write(ctx context.Context, command []byte) ([]byte, error) {
	select {
	case c.writing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.writing }()
	for {
		if c.id == 0 {
			if err := c.open(ctx); err != nil {
				return nil, err
			}
		}
		c.serial++
		answer, first, err := c.ask(ctx, request{requestWrite, c.id, c.serial, command})
		if err != errNoSession {
			return answer, err
		}
		c.id = 0
		if !first {
			return nil, ErrMaybe
		}
		// It was never executed: the session had been dropped for idleness.
	}
}

// open begins a session, for a write.
func (c *client) open(ctx context.Context) error {
	answer, _, err := c.ask(ctx, request{kind: requestOpen})
	if err != nil {
		return err
	}
	id, used := binary.Uvarint(answer)
	if used <= 0 || id == 0 {
		return ErrProtocol
	}
	c.id, c.serial = id, 0
	return nil
}

var errNoSession = errors.New("kv: no session")

// ask repeats a request until it is answered. first tells that no attempt
// before the one that was answered can have reached a log.
func (c *client) ask(ctx context.Context, r request) (answer []byte, first bool, err error) {
	encoded := r.encode()
	server := int(c.leader.Load())
	first = true
	patient := true // a request to the leader may get lost, that is not to say that it leads no more
	for denials := 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, first, err
		}
		reply, ok := c.call(server, encoded)
		if !ok || len(reply) == 0 {
			reply = []byte{0}
		}
		switch reply[0] {
		case replyDone:
			c.leader.Store(int64(server))
			return reply[1:], first, nil
		case replyNoSession:
			c.leader.Store(int64(server))
			return nil, first, errNoSession
		case replyBad:
			return nil, first, ErrProtocol
		case replyNotTaken:
		default: // lost on the way, or what became of it is not known
			first = false
			if patient && reply[0] == 0 {
				patient = false
				continue
			}
		}
		server = (server + 1) % c.servers
		if denials++; denials%c.servers == 0 {
			if err := rest(ctx); err != nil {
				return nil, first, err
			}
		}
	}
}

// rest waits a little.
func rest(ctx context.Context) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// StringClient is a client of servers that replicate Strings. Its methods may
// be called from any goroutine; writes are done one at a time.
type StringClient struct{ c client }

// NewStringClient returns a client of so many servers.
func NewStringClient(servers int, call Call) *StringClient {
	return &StringClient{newClient(servers, call)}
}

// Get returns the value of key, and whether there is one.
func (c *StringClient) Get(ctx context.Context, key string) (value string, ok bool, err error) {
	answer, err := c.c.query(ctx, encode(opGet, key, ""))
	if err != nil {
		return "", false, err
	}
	if len(answer) == 0 || answer[0] > present {
		return "", false, ErrProtocol
	}
	return string(answer[1:]), answer[0] == present, nil
}

// Put makes value the value of key.
func (c *StringClient) Put(ctx context.Context, key, value string) error {
	return c.write(ctx, encode(opPut, key, value))
}

// Append appends value to that of key, which may not exist yet.
func (c *StringClient) Append(ctx context.Context, key, value string) error {
	return c.write(ctx, encode(opAppend, key, value))
}

func (c *StringClient) write(ctx context.Context, command []byte) error {
	answer, err := c.c.write(ctx, command)
	if err == nil && (len(answer) != 1 || answer[0] != present) {
		err = ErrProtocol
	}
	return err
}

// VersionClient is a client of servers that replicate Versions. Its methods
// may be called from any goroutine; writes are done one at a time.
type VersionClient struct{ c client }

// NewVersionClient returns a client of so many servers.
func NewVersionClient(servers int, call Call) *VersionClient {
	return &VersionClient{newClient(servers, call)}
}

// Get returns the value of key and its version; the outcome is OK or NoKey.
func (c *VersionClient) Get(ctx context.Context, key string) (value string, version uint64, outcome Outcome, err error) {
	answer, err := c.c.query(ctx, encode(opGet, key, ""))
	if err != nil {
		return "", 0, 0, err
	}
	if len(answer) == 0 {
		return "", 0, 0, ErrProtocol
	}
	outcome, answer = Outcome(answer[0]), answer[1:]
	if outcome != OK {
		return "", 0, outcome, nil
	}
	version, used := binary.Uvarint(answer)
	if used <= 0 {
		return "", 0, 0, ErrProtocol
	}
	return string(answer[used:]), version, OK, nil
}

// Put makes value the value of key if its version is this one, 0 if there is
// no such key, and counts the version up. The outcome is certain, however
// often requests and replies were lost.
func (c *VersionClient) Put(ctx context.Context, key, value string, version uint64) (Outcome, error) {
	rest := string(binary.AppendUvarint(nil, version)) + value
	answer, err := c.c.write(ctx, encode(opPutVersion, key, rest))
	if err != nil {
		return 0, err
	}
	if len(answer) != 1 {
		return 0, ErrProtocol
	}
	return Outcome(answer[0]), nil
}
