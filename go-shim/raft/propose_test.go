//go:build go1.25

package raft

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"

	"pontoon.dev/go-shim/internal/core"
)

func TestProposalsAreSettled(t *testing.T) {
	cases := []struct {
		name string
		do   func(n *Node, machine *fake, cancel func())
		want error
	}{
		{"applied", func(n *Node, machine *fake, cancel func()) {}, nil},
		{"another term's entry", func(n *Node, machine *fake, cancel func()) {
			n.with(func() { machine.log[0].Term = 9 })
		}, ErrSuperseded},
		{"a no-op", func(n *Node, machine *fake, cancel func()) {
			n.with(func() { machine.log[0].Term, machine.log[0].Noop = 9, true })
		}, ErrSuperseded},
		{"snapshot", func(n *Node, machine *fake, cancel func()) {
			n.with(func() { machine.install = &core.Apply{HasSnapshot: true, SnapshotIndex: 1, SnapshotTerm: 9} })
		}, ErrOvertaken},
		{"newer term", func(n *Node, machine *fake, cancel func()) {
			n.answered(2, 1, []byte("term"), nil)
		}, ErrLeadershipLost},
		{"context", func(n *Node, machine *fake, cancel func()) { cancel() }, context.Canceled},
		{"stop", func(n *Node, machine *fake, cancel func()) { n.Stop() }, ErrClosed},
		{"death", func(n *Node, machine *fake, cancel func()) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.advance(core.Step{}, core.ErrPanic)
		}, ErrInvariant},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			onFake(t, func(n *Node, machine *fake, h *host) {
				n.logger = slog.New(slog.NewTextHandler(io.Discard, nil))
				gate := make(chan struct{})
				h.save = func([]byte) error { <-gate; return nil }
				h.apply = func(entry Entry) any { return fmt.Sprintf("applied %s", entry.Command) }
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				type outcome struct {
					result Result
					err    error
				}
				settled := make(chan outcome, 1)
				go func() {
					result, err := n.Propose(ctx, []byte("x"))
					settled <- outcome{result, err}
				}()
				synctest.Wait()
				if n.Stats().Proposals != 1 {
					t.Fatalf("%+v", n.Stats())
				}
				test.do(n, machine, cancel)
				synctest.Wait()
				close(gate)
				o := <-settled
				if !errors.Is(o.err, test.want) {
					t.Fatalf("Propose: %v, want %v", o.err, test.want)
				}
				if want := (Result{Index: 1, Term: 1, Value: "applied x"}); test.want == nil && o.result != want {
					t.Errorf("Propose: %+v, want %+v", o.result, want)
				}
				if stats := n.Stats(); stats.Proposals != 0 {
					t.Errorf("%d proposals are left", stats.Proposals)
				}
			})
		})
	}
}

func TestProposeWhereItCannot(t *testing.T) {
	onFake(t, func(n *Node, machine *fake, h *host) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := n.Propose(ctx, nil); !errors.Is(err, context.Canceled) || n.Stats().Started != 0 {
			t.Errorf("with a dead context: %v", err)
		}
		n.with(func() { machine.state = core.State{Term: 4, Role: core.Follower, HasLeader: true, Leader: 3} })
		hint := new(NotLeaderError)
		if _, err := n.Propose(context.Background(), nil); !errors.Is(err, ErrNotLeader) || !errors.As(err, &hint) || *hint != (NotLeaderError{Term: 4, Leader: 3, Known: true}) {
			t.Errorf("on a follower: %v", err)
		}
		n.with(func() { machine.state.ID = 3 }) // a leader that is cut off
		if _, err := n.Propose(context.Background(), nil); !errors.As(err, &hint) || hint.Known {
			t.Errorf("on a leader that refuses: %v", err)
		}
		if _, term, err := n.Start(nil); !errors.Is(err, ErrNotLeader) || term != 4 {
			t.Errorf("Start on a follower: term %d, %v", term, err)
		}
	})
}
