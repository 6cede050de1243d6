package hashicorp

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"github.com/hashicorp/raft"

	"pontoon.dev/peers/internal/host"
)

// patience is how long raft waits for an answer: it sends to a server only when
// that has answered the last request, and labrpc may take 7 s to say that one is
// lost.
const patience = 500 * time.Millisecond

// The requests, by the first byte of an RPC.
const (
	kindAppendEntries byte = iota
	kindRequestVote
	kindRequestPreVote
	kindInstallSnapshot
	kindTimeoutNow
)

// transport implements raft.Transport and raft.WithPreVote over the lab's RPCs.
type transport struct {
	host      *host.Host
	consumer  chan raft.RPC
	heartbeat atomic.Pointer[func(raft.RPC)]
}

func newTransport(h *host.Host) *transport {
	return &transport{host: h, consumer: make(chan raft.RPC)}
}

var msgpack = &codec.MsgpackHandle{}

func pack(b []byte, value interface{}) ([]byte, error) {
	err := codec.NewEncoderBytes(&b, msgpack).Encode(value)
	return b, err
}

func unpack(b []byte, value interface{}) error {
	return codec.NewDecoderBytes(b, msgpack).Decode(value)
}

var (
	errNoAnswer = errors.New("no answer")
	errRequest  = errors.New("no request of this Raft")
)

// call sends a request with what follows it, and takes its answer apart.
func (t *transport) call(target raft.ServerAddress, kind byte, args, resp interface{}, data []byte) error {
	packed, err := pack(nil, args)
	if err != nil {
		return err
	}
	request := make([]byte, 0, 1+10+len(packed)+len(data))
	request = append(appendBytes(append(request, kind), packed), data...)
	server, err := strconv.Atoi(string(target))
	if err != nil {
		return err
	}
	answers := make(chan []byte, 1)
	go func() {
		reply, _ := t.host.RPC(server, request)
		answers <- reply
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case answer := <-answers:
		if len(answer) == 0 {
			return errNoAnswer
		}
		if answer[0] != 0 {
			return errors.New(string(answer[1:]))
		}
		return unpack(answer[1:], resp)
	case <-timer.C:
		return errNoAnswer
	case <-t.host.Done():
		return errNoAnswer
	}
}

// handle answers a request. No answer is empty.
func (t *transport) handle(request []byte) []byte {
	command, data, err := parse(request)
	if err != nil {
		return nil
	}
	responses := make(chan raft.RPCResponse, 1)
	rpc := raft.RPC{Command: command, RespChan: responses}
	if _, ok := command.(*raft.InstallSnapshotRequest); ok {
		rpc.Reader = bytes.NewReader(data)
	}
	if beat := t.heartbeat.Load(); beat != nil && isHeartbeat(command) {
		(*beat)(rpc)
	} else {
		select {
		case t.consumer <- rpc:
		case <-t.host.Done():
			return nil
		}
	}
	select {
	case r := <-responses:
		if r.Error != nil {
			return append([]byte{1}, r.Error.Error()...)
		}
		packed, err := pack(nil, r.Response)
		if err != nil {
			return nil
		}
		return append([]byte{0}, packed...)
	case <-t.host.Done():
		return nil
	}
}

func parse(request []byte) (command interface{}, data []byte, err error) {
	if len(request) == 0 {
		return nil, nil, errRequest
	}
	switch request[0] {
	case kindAppendEntries:
		command = &raft.AppendEntriesRequest{}
	case kindRequestVote:
		command = &raft.RequestVoteRequest{}
	case kindRequestPreVote:
		command = &raft.RequestPreVoteRequest{}
	case kindInstallSnapshot:
		command = &raft.InstallSnapshotRequest{}
	case kindTimeoutNow:
		command = &raft.TimeoutNowRequest{}
	default:
		return nil, nil, errRequest
	}
	r := reader{b: request[1:]}
	packed := r.bytes()
	if r.bad {
		return nil, nil, errRequest
	}
	return command, r.b, unpack(packed, command)
}

// isHeartbeat tells what raft wants to have on its fast path.
func isHeartbeat(command interface{}) bool {
	a, ok := command.(*raft.AppendEntriesRequest)
	return ok && a.Term != 0 && len(a.Addr) > 0 && a.PrevLogEntry == 0 && a.PrevLogTerm == 0 && len(a.Entries) == 0 && a.LeaderCommitIndex == 0
}

// Consumer implements raft.Transport.
func (t *transport) Consumer() <-chan raft.RPC { return t.consumer }

// LocalAddr implements raft.Transport.
func (t *transport) LocalAddr() raft.ServerAddress { return address(t.host.Me) }

// EncodePeer implements raft.Transport.
func (t *transport) EncodePeer(_ raft.ServerID, addr raft.ServerAddress) []byte { return []byte(addr) }

// DecodePeer implements raft.Transport.
func (t *transport) DecodePeer(b []byte) raft.ServerAddress { return raft.ServerAddress(b) }

// SetHeartbeatHandler implements raft.Transport.
func (t *transport) SetHeartbeatHandler(beat func(raft.RPC)) { t.heartbeat.Store(&beat) }

// AppendEntriesPipeline implements raft.Transport. There is none.
func (t *transport) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

// AppendEntries implements raft.Transport.
func (t *transport) AppendEntries(_ raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return t.call(target, kindAppendEntries, args, resp, nil)
}

// RequestVote implements raft.Transport.
func (t *transport) RequestVote(_ raft.ServerID, target raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return t.call(target, kindRequestVote, args, resp, nil)
}

// RequestPreVote implements raft.WithPreVote.
func (t *transport) RequestPreVote(_ raft.ServerID, target raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return t.call(target, kindRequestPreVote, args, resp, nil)
}

// InstallSnapshot implements raft.Transport. The snapshot goes along in one piece.
func (t *transport) InstallSnapshot(_ raft.ServerID, target raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, from io.Reader) error {
	data, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	return t.call(target, kindInstallSnapshot, args, resp, data)
}

// TimeoutNow implements raft.Transport.
func (t *transport) TimeoutNow(_ raft.ServerID, target raft.ServerAddress, args *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return t.call(target, kindTimeoutNow, args, resp, nil)
}
