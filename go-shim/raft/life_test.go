//go:build go1.25

package raft

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"pontoon.dev/go-shim/internal/core"
)

var errDisk = errors.New("disk on fire")

// dead checks that a node has died of cause, for everybody who asks.
func dead(t *testing.T, n *Node, cause error) {
	t.Helper()
	select {
	case <-n.Done():
	default:
		t.Fatal("Done is not closed")
	}
	_, _, startErr := n.Start(nil)
	_, proposeErr := n.Propose(context.Background(), nil)
	_, handleErr := n.Handle([]byte("request"))
	snapshotErr := n.Snapshot(1, nil)
	for _, err := range []error{n.Err(), startErr, proposeErr, handleErr, snapshotErr, n.Close()} {
		if !errors.Is(err, cause) {
			t.Errorf("got %v, want %v", err, cause)
		}
	}
	if n.State().Role != Follower {
		t.Error("a dead node leads")
	}
}

func TestDeath(t *testing.T) {
	cases := []struct {
		name string
		do   func(n *Node, machine *fake, h *host)
		want error
	}{
		{"storage fails", func(n *Node, machine *fake, h *host) {
			h.save = func([]byte) error { return errDisk }
			_, err := n.Propose(context.Background(), nil)
			if !errors.Is(err, ErrStorage) || !errors.Is(err, errDisk) {
				t.Errorf("Propose: %v", err)
			}
		}, errDisk},
		{"storage fails while a request waits", func(n *Node, machine *fake, h *host) {
			h.save = func([]byte) error { return errDisk }
			if _, err := n.Handle([]byte("request")); !errors.Is(err, errDisk) {
				t.Errorf("Handle: %v", err)
			}
		}, ErrStorage},
		{"storage panics", func(n *Node, machine *fake, h *host) {
			h.save = func([]byte) error { panic(errDisk) }
			defer func() {
				if recover() != errDisk {
					t.Error("the panic does not come out")
				}
			}()
			n.Handle([]byte("request"))
		}, ErrStorage},
		{"the core panics", func(n *Node, machine *fake, h *host) {
			n.with(func() { machine.fail = &core.Error{Status: core.ErrPanic, Text: "two leaders"} })
		}, core.ErrPanic},
		{"the core panics in Start", func(n *Node, machine *fake, h *host) {
			machine.fail = core.ErrPanic
			n.Start(nil)
		}, ErrInvariant},
		{"restore fails", func(n *Node, machine *fake, h *host) {
			h.restore = func(Snapshot) error { return errDisk }
			n.with(func() { machine.install = &core.Apply{HasSnapshot: true, SnapshotIndex: 1} })
			synctest.Wait()
		}, ErrRestore},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			onFake(t, func(n *Node, machine *fake, h *host) {
				n.logger = slog.New(slog.NewTextHandler(io.Discard, nil))
				test.do(n, machine, h)
				dead(t, n, test.want)
			})
		})
	}
}

func TestDeathIsLogged(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		var log strings.Builder
		n.logger = slog.New(slog.NewTextHandler(&log, nil))
		n.with(func() { machine.fail = &core.Error{Status: core.ErrPanic, Text: "two leaders"} })
		synctest.Wait()
		if !strings.Contains(log.String(), "two leaders") {
			t.Errorf("the log says: %q", log.String())
		}
	})
}

func TestCloseIsNotADeath(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		var log strings.Builder
		n.logger = slog.New(slog.NewTextHandler(&log, nil))
		if err := n.Close(); err != nil || n.Err() != nil {
			t.Errorf("Close: %v, Err: %v", err, n.Err())
		}
		if _, err := n.Handle([]byte("request")); err != ErrClosed {
			t.Errorf("Handle: %v", err)
		}
		if log.Len() > 0 {
			t.Errorf("the log says: %q", log.String())
		}
	})
}

// Close waits for storage and the FSM, Stop does not.
func TestCloseWaits(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		gate := make(chan struct{})
		h.apply = func(Entry) any { <-gate; return nil }
		n.Start(nil)
		synctest.Wait() // the FSM is at work
		h.save = func([]byte) error { <-gate; return nil }
		n.Start(nil)
		synctest.Wait() // the storage is
		waiting := make(chan error)
		go func() {
			_, err := n.Handle([]byte("request"))
			waiting <- err
		}()
		synctest.Wait()
		n.Stop()
		n.Stop()
		if err := <-waiting; err != ErrClosed {
			t.Errorf("Handle: %v", err)
		}
		closed := make(chan struct{})
		go func() {
			n.Close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close does not wait")
		default:
		}
		close(gate)
		<-closed
	})
}

// A stop in the middle of a batch: nothing of it leaves any more.
func TestStopDuringSave(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		h.save = func([]byte) error {
			n.Stop()
			return nil
		}
		h.send = func(uint64, []byte, func([]byte, error)) { t.Error("Send after Stop") }
		n.with(func() { machine.messages = []core.Message{{To: 2, Data: []byte("vote")}} })
		if !n.ended() {
			t.Error("the node goes on")
		}
	})
}

// A death in the middle of a batch: nothing of it leaves any more either.
func TestDeathDuringSave(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		n.logger = slog.New(slog.NewTextHandler(io.Discard, nil))
		h.save = func([]byte) error {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.advance(core.Step{}, core.ErrPanic)
			return nil
		}
		h.send = func(uint64, []byte, func([]byte, error)) { t.Error("Send after death") }
		n.with(func() { machine.messages = []core.Message{{To: 2, Data: []byte("vote")}} })
		dead(t, n, core.ErrPanic)
	})
}

// When Stop returns, no Send is under way.
func TestStopWaitsForSend(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		stopped := make(chan struct{})
		h.send = func(uint64, []byte, func([]byte, error)) {
			go func() {
				n.Stop()
				close(stopped)
			}()
			<-n.Done()
			for range 1000 {
				runtime.Gosched() // every chance to return too early
			}
			select {
			case <-stopped:
				t.Error("Stop does not wait")
			default:
			}
		}
		n.with(func() { machine.early = []core.Message{{To: 2, Data: []byte("request")}} })
		<-stopped
	})
}

// The rest of a batch is not applied after a stop.
func TestStopByTheFSM(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		gate := make(chan struct{})
		h.save = func([]byte) error { <-gate; return nil }
		applied := 0
		h.apply = func(Entry) any {
			applied++
			n.Stop()
			return nil
		}
		for range 5 {
			n.Start(nil)
		}
		close(gate)
		synctest.Wait()
		if applied != 1 {
			t.Errorf("%d entries were applied, the first stopped the node", applied)
		}
	})
}

// Every call at once, from many goroutines, while the node is closed.
func TestCloseDuringEverything(t *testing.T) {
	for round := range 200 {
		onFake(t, func(n *Node, machine *fake, h *host) {
			h.send = func(_ uint64, _ []byte, done func([]byte, error)) { go done([]byte("reply"), nil) }
			calls := []func(){
				func() { n.Start([]byte("x")) },
				func() { n.Handle([]byte("request")) },
				func() { n.Handle([]byte("reply")) },
				func() { n.Snapshot(1, nil) },
				func() { n.Propose(context.Background(), nil) },
				func() { n.State() },
				func() { n.Stats() },
				func() { n.Err() },
				func() { n.answered(2, 1, []byte("reply"), nil) },
				func() { n.answered(2, 1, nil, errDisk) },
				func() {
					n.mu.Lock()
					defer n.mu.Unlock()
					if n.err == nil {
						machine.early = append(machine.early, core.Message{To: 2, Data: []byte("request")})
						n.advance(machine.step())
					}
				},
			}
			// One of the callers closes the node at some point of its own.
			var callers sync.WaitGroup
			for who, call := range calls {
				callers.Go(func() {
					for i := range 20 {
						if i == round%20 && who == round%len(calls) {
							go n.Close()
							n.Close()
						}
						call()
					}
				})
			}
			callers.Wait()
		})
	}
}
