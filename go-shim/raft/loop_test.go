//go:build go1.25

package raft

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/internal/core"
)

// Rule: early requests, then storage, then everything else.
func TestOrderOfABatch(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		var events []string
		h.save = func([]byte) error {
			events = append(events, "save")
			return nil
		}
		h.send = func(to uint64, request []byte, done func([]byte, error)) {
			events = append(events, string(request))
		}
		n.with(func() {
			machine.early = []core.Message{{To: 2, Data: []byte("early 2")}, {To: 3, Data: []byte("early 3")}}
			machine.messages = []core.Message{{To: 2, Data: []byte("vote")}, {To: 2, Ticket: 77, IsReply: true, Data: []byte("nobody waits for this")}}
		})
		if got := strings.Join(events, ", "); got != "early 2, early 3, save, vote" {
			t.Errorf("the order was: %s", got)
		}
	})
}

// What the core shows is gone with the batch; what others are given is theirs.
func TestNothingOfABatchEscapes(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		var kept [][]byte
		h.send = func(to uint64, request []byte, done func([]byte, error)) { kept = append(kept, request) }
		h.apply = func(entry Entry) any {
			kept = append(kept, entry.Command)
			return nil
		}
		h.restore = func(snapshot Snapshot) error {
			kept = append(kept, snapshot.Data)
			return nil
		}
		n.with(func() {
			machine.early = []core.Message{{To: 2, Data: []byte("early")}}
			machine.messages = []core.Message{{To: 2, Data: []byte("vote")}}
		})
		reply, err := n.Handle([]byte("request"))
		if err != nil {
			t.Fatal(err)
		}
		n.Start([]byte("command"))
		synctest.Wait()
		n.with(func() {
			machine.install = &core.Apply{HasSnapshot: true, SnapshotIndex: 2, Snapshot: []byte("snapshot")}
		})
		synctest.Wait()
		n.Start([]byte("end"))
		synctest.Wait()
		if got := string(bytes.Join(append(kept, reply), []byte(" "))); got != "early vote command snapshot end reply" {
			t.Errorf("what was kept has become: %s", got)
		}
	})
}

// While one batch is being written the node takes everything, and writes it at
// once when that is done.
func TestInputsDuringSaveShareABatch(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		var saved []string
		gate := make(chan struct{})
		h.save = func(state []byte) error {
			saved = append(saved, string(state))
			<-gate
			return nil
		}
		var handled sync.WaitGroup
		if _, _, err := n.Start([]byte("first")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for i := range 10 {
			if index, _, err := n.Start([]byte("more")); err != nil || index != uint64(i+2) {
				t.Fatalf("Start during a save: %d, %v", index, err)
			}
			handled.Go(func() {
				if reply, err := n.Handle([]byte("request")); err != nil || string(reply) != "reply" {
					t.Errorf("Handle during a save: %q, %v", reply, err)
				}
			})
		}
		synctest.Wait()
		if stats := n.Stats(); stats.Handling != 10 || stats.Started != 11 || stats.Saves != 0 {
			t.Errorf("during the save: %+v", stats)
		}
		close(gate)
		handled.Wait()
		if got := strings.Join(saved, ", "); got != "1, 11" {
			t.Errorf("saved logs of lengths %s", got)
		}
	})
}

// A caller does not serve others for ever.
func TestFlusherHandsOver(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		h.save = func([]byte) error {
			time.Sleep(time.Millisecond)
			return nil
		}
		begin := time.Now()
		n.with(func() { machine.endless = true })
		if took := time.Since(begin); took != flushRounds*time.Millisecond {
			t.Errorf("the caller was kept for %v", took)
		}
		if _, err := n.Handle([]byte("request")); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if n.Stats().Saves < 900 {
			t.Errorf("nobody goes on: %+v", n.Stats())
		}
	})
}

func TestHandleRefuses(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		for _, request := range []string{"", "damaged", "reply"} {
			if reply, err := n.Handle([]byte(request)); !errors.Is(err, ErrBadRequest) || reply != nil {
				t.Errorf("Handle(%q): %q, %v", request, reply, err)
			}
		}
		gate := make(chan struct{})
		h.save = func([]byte) error { <-gate; return nil }
		n.Start(nil)
		synctest.Wait()
		errs := make(chan error, 1)
		go func() {
			_, err := n.Handle([]byte("reply"))
			errs <- err
		}()
		synctest.Wait()
		close(gate)
		if err := <-errs; !errors.Is(err, ErrBadRequest) {
			t.Errorf("a reply during a save: %v", err)
		}
	})
}

func TestTicks(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		n.with(func() {})
		time.Sleep(time.Second + time.Millisecond)
		if ticks := n.Stats().Ticks; ticks != 10 {
			t.Errorf("%d ticks in a second, one is due every 100 ms", ticks)
		}
		// An input that puts the deadline off is enough to prevent them.
		for range 100 {
			n.with(func() { machine.deadline = n.now() + 100 })
			time.Sleep(50 * time.Millisecond)
		}
		if ticks := n.Stats().Ticks; ticks != 10 {
			t.Errorf("%d ticks although none was due", ticks-10)
		}
		n.with(func() { machine.deadline = n.now() + 1 })
		time.Sleep(2 * time.Millisecond)
		if ticks := n.Stats().Ticks; ticks != 11 {
			t.Error("an earlier deadline has no effect")
		}
		n.with(func() { machine.deadline = core.NoDeadline })
		time.Sleep(time.Hour)
		if ticks := n.Stats().Ticks; ticks != 11 {
			t.Errorf("%d ticks without a deadline", ticks-11)
		}
	})
}

// While a batch is being written a deadline that has passed is of no use.
func TestNoTicksDuringASave(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		h.save = func([]byte) error {
			time.Sleep(time.Second)
			return nil
		}
		n.Start(nil)
		synctest.Wait()
		for range 10 {
			n.with(func() { machine.deadline = n.now() })
			time.Sleep(50 * time.Millisecond)
		}
		if ticks := n.Stats().Ticks; ticks > 1 {
			t.Errorf("%d ticks during a save", ticks)
		}
		time.Sleep(time.Second)
		if ticks := n.Stats().Ticks; ticks == 0 {
			t.Error("no tick after it")
		}
	})
}
