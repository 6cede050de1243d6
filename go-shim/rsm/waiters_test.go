//go:build go1.25

package rsm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnEntryMayBeAppliedBeforeStartReturns(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		b.commitAtOnce()
		commit := b.fake.during
		b.fake.during = func(e entry) {
			commit(e)
			for range 1000 {
				runtime.Gosched() // the applier has all the time
			}
		}
		for i := range 3 {
			b.expect("submit", b.submit(context.Background(), "c"), fmt.Sprint(i+1), nil)
		}
	})
}

func TestOtherEntryAtTheIndex(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		// The same command of another server is another command.
		lost := b.submit(context.Background(), "mine")
		b.apply(entry{index: 1, command: command{kind: plain, id: newTag(), body: []byte("mine")}.encode()})
		b.expect("overwritten", lost, "", ErrSuperseded)
		// An index may be passed without an entry that this package sees.
		lost = b.submit(context.Background(), "mine")
		kept := b.submit(context.Background(), "kept")
		b.apply(b.fake.last())
		b.expect("passed over", lost, "", ErrSuperseded)
		b.expect("behind it", kept, "2", nil)
		b.want("mine kept")
	})
}

func TestTermChange(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		old := b.submit(context.Background(), "old")
		time.Sleep(time.Minute)
		b.pending("while nothing changes", old)
		b.fake.become(2, false)
		time.Sleep(2 * pollInterval)
		b.expect("new term", old, "", ErrLeadershipLost)
		b.expect("as a follower", b.submit(context.Background(), "no"), "", ErrRefused)
		b.expect("as a follower", b.submit(context.Background(), "no"), "", errFollower)
		// It can still be committed, and is executed then.
		b.apply(b.fake.entries[0])
		b.want("old")
		// Leader again: what waits is of this term.
		b.fake.become(3, true)
		late := b.submit(context.Background(), "new")
		time.Sleep(time.Minute)
		b.pending("of the current term", late)
		b.fake.become(3, false) // the log has died
		time.Sleep(2 * pollInterval)
		b.expect("no leader any more", late, "", ErrLeadershipLost)
	})
}

func TestOwnEntryReplacedUnderOneselfAsTheNextLeader(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		first := b.submit(context.Background(), "first")
		second := b.submit(context.Background(), "second")
		b.fake.become(3, true)
		b.fake.next = 0 // another leader's truncation in between
		third := b.submit(context.Background(), "third")
		b.expect("first", first, "", ErrLeadershipLost)
		b.expect("second", second, "", ErrLeadershipLost)
		b.apply(b.fake.last())
		b.expect("third", third, "1", nil)
		if stats := b.Stats(); stats.Waiting != 0 || stats.AppliedIndex != 1 {
			b.Errorf("%+v", stats)
		}
	})
}

func TestContext(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		hasty := b.submit(ctx, "hasty")
		time.Sleep(time.Second)
		b.expect("timeout", hasty, "", context.DeadlineExceeded)
		b.expect("too late", b.submit(ctx, "never"), "", context.DeadlineExceeded)
		next := b.submit(context.Background(), "next")
		for _, e := range b.fake.entries {
			b.apply(e)
		}
		b.expect("the next one", next, "2", nil)
		b.want("hasty next") // given up is not undone
	})
}

func TestStop(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		waiting := b.submit(context.Background(), "waiting")
		b.Stop()
		b.Stop()
		b.expect("stopped", waiting, "", ErrStopped)
		b.expect("afterwards", b.submit(context.Background(), "late"), "", ErrStopped)
		if _, err := b.Open(context.Background()); !errors.Is(err, ErrStopped) {
			b.Errorf("Open: %v", err)
		}
		<-b.Done()
		b.apply(b.fake.last())
		if err := b.Restore(0, newSessions().appendSnapshot(nil, 9)); err != nil {
			b.Error(err)
		}
		b.want("")
	})
}

func TestSnapshotOvertakes(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		other := newBench(b.T, Config{})
		b.apply(entry{1, 1, command{kind: open, arg: 10}.encode()})
		b.fake.next = 1
		once := b.submitOnce(1, 1, "once")
		waiting := b.submit(context.Background(), "waiting")
		beyond := b.submit(context.Background(), "beyond")
		// Another server has got the client's command by another leader.
		other.apply(entry{1, 1, command{kind: open, arg: 10}.encode()})
		other.apply(entry{2, 2, command{kind: plain, body: []byte("other")}.encode()})
		other.apply(entry{3, 2, command{kind: 1, id: 1, serial: 1, body: []byte("once")}.encode()})
		if err := b.Restore(3, other.snapshot(3)); err != nil {
			b.Fatal(err)
		}
		b.expect("in the table", once, "2", nil)
		b.expect("unknown", waiting, "", ErrOvertaken)
		b.pending("beyond the snapshot", beyond)
		b.apply(b.fake.last())
		b.expect("beyond the snapshot", beyond, "3", nil)
		b.want("other once beyond")
	})
}

func TestAnIndexIsAppliedOnce(t *testing.T) {
	b := newBench(t, Config{})
	for _, index := range []uint64{1, 1, 3, 2, 3, 4} {
		b.apply(entry{index, 1, command{kind: plain, body: fmt.Append(nil, index)}.encode()})
	}
	b.want("1 3 4")
}

func TestNoTimerWhileNobodyWaits(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		b.commitAtOnce()
		b.expect("submit", b.submit(context.Background(), "c"), "1", nil)
		time.Sleep(2 * pollInterval)
		synctest.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.armed {
			b.Error("the timer is set")
		}
	})
}
