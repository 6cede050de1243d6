//go:build go1.25

package kv_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/kv"
)

// peer is a lab's Raft without the others: it commits what it is given.
type peer struct {
	mu       sync.Mutex
	leader   bool
	size     int
	next     int
	index    int // of the snapshot
	snapshot []byte
	deliver  chan delivery
}

type delivery struct {
	index   int
	command interface{}
}

func (p *peer) Start(command interface{}) (int, int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.leader {
		return -1, 1, false
	}
	p.next++
	p.size += len(command.([]byte))
	p.deliver <- delivery{p.next, command}
	return p.next, 1, true
}

func (p *peer) GetState() (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return 1, p.leader
}

func (p *peer) Snapshot(index int, snapshot []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.index, p.snapshot, p.size = index, snapshot, 0
}

func (p *peer) stateBytes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.size
}

// serve starts a server on the peer, as a lab's StartKVServer does.
func (p *peer) serve(limit int) *kv.LabServer {
	server := kv.NewLabServer(kv.LabOptions{Peer: p, Machine: kv.NewStrings(), StateBytes: p.stateBytes, Snapshot: p.snapshot, MaxRaftState: limit})
	p.deliver = make(chan delivery, 100)
	go func() {
		for {
			select {
			case d := <-p.deliver:
				server.Command(d.index, d.command)
			case <-server.Done():
				return
			}
		}
	}()
	return server
}

func labClient(server *kv.LabServer) *kv.StringClient {
	return kv.NewStringClient(1, func(_ int, request []byte) (reply []byte, ok bool) {
		server.Handle(request, &reply)
		return reply, true
	})
}

func TestLabServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{leader: true}
		server := p.serve(1000)
		client := labClient(server)
		for range 300 {
			if err := client.Append(context.Background(), "k", "x"); err != nil {
				t.Fatal(err)
			}
			if size := p.stateBytes(); size > 1000 {
				t.Errorf("%d bytes of state", size)
			}
		}
		// A command of somebody else's is skipped.
		p.next++
		p.deliver <- delivery{p.next, 17}
		synctest.Wait()
		server.Kill()
		server.Kill()

		again := p.serve(-1)
		again.Install(p.index, bytes.Clone(p.snapshot)) // what it has already
		value, _, err := labClient(again).Get(context.Background(), "k")
		if n := len(value); err != nil || n < 200 || value != strings.Repeat("x", n) {
			t.Errorf("after a restart %q, %v", value, err)
		}
		// A follower answers at once.
		p.leader = false
		begin := time.Now()
		var reply []byte
		again.Handle([]byte{1, 1, 1, 'k'}, &reply)
		if len(reply) != 1 || time.Since(begin) != 0 {
			t.Errorf("a follower answers %v after %v", reply, time.Since(begin))
		}
		again.Kill()
		again.Handle([]byte{1, 1, 1, 'k'}, &reply)
		if len(reply) != 1 {
			t.Errorf("a dead server answers %v", reply)
		}
	})
}

func TestLabServerRefusesForeignSnapshots(t *testing.T) {
	panics := func(f func()) (text string) {
		defer func() { text, _ = recover().(string) }()
		f()
		return ""
	}
	p := &peer{}
	server := p.serve(-1)
	defer server.Kill()
	if text := panics(func() { server.Install(3, []byte("foreign")) }); !strings.Contains(text, "cannot install") {
		t.Errorf("Install: %q", text)
	}
	p.snapshot = []byte("foreign")
	if text := panics(func() { p.serve(-1) }); !strings.Contains(text, "cannot start") {
		t.Errorf("NewLabServer: %q", text)
	}
}
