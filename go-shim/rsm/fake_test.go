//go:build go1.25

//go:debug asynctimerchan=0

package rsm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// journal is a machine whose state is the sequence of its commands; the answer
// is how many there are.
type journal struct {
	commands []string
	refuse   error
}

func (j *journal) Apply(command []byte) []byte {
	j.commands = append(j.commands, string(command))
	return fmt.Append(nil, len(j.commands))
}

func (j *journal) Snapshot() []byte { return []byte(strings.Join(j.commands, " ")) }

func (j *journal) Restore(snapshot []byte) error {
	if j.refuse != nil {
		return j.refuse
	}
	j.commands = strings.Fields(string(snapshot))
	return nil
}

// entry is one of a fake log.
type entry struct {
	index, term uint64
	command     []byte
}

// fakeLog is a log that does as it is told.
type fakeLog struct {
	mu        sync.Mutex
	term      uint64
	leader    bool
	entries   []entry // started
	next      uint64
	bytes     int
	snapshots map[uint64][]byte
	during    func(e entry) // called by Start before it returns
}

var errFollower = errors.New("a follower")

func (l *fakeLog) Start(command []byte) (index, term uint64, err error) {
	l.mu.Lock()
	if !l.leader {
		l.mu.Unlock()
		return 0, 0, errFollower
	}
	l.next++
	e := entry{l.next, l.term, command}
	l.entries = append(l.entries, e)
	during := l.during
	l.mu.Unlock()
	if during != nil {
		during(e)
	}
	return e.index, e.term, nil
}

func (l *fakeLog) State() (term uint64, leader bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.term, l.leader
}

func (l *fakeLog) StateBytes() int { return l.bytes }

func (l *fakeLog) Snapshot(index uint64, data []byte) { l.snapshots[index] = data }

func (l *fakeLog) become(term uint64, leader bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.term, l.leader = term, leader
}

// last is the entry that was started last.
func (l *fakeLog) last() entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[len(l.entries)-1]
}

// bench is an RSM on a fake log of which it is the leader.
type bench struct {
	*testing.T
	*RSM
	fake    *fakeLog
	machine *journal
}

func newBench(t *testing.T, config Config) *bench {
	t.Helper()
	b := &bench{T: t, fake: &fakeLog{term: 1, leader: true, snapshots: map[uint64][]byte{}}, machine: &journal{}}
	r, err := New(b.fake, b.machine, config)
	if err != nil {
		t.Fatal(err)
	}
	b.RSM = r
	return b
}

// inBubble runs f in virtual time, where a goroutine that is left behind fails
// the test.
func inBubble(t *testing.T, config Config, f func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, config)
		f(b)
		b.Stop()
	})
}

// commitAtOnce makes the log commit what it is given, even before Start returns.
func (b *bench) commitAtOnce() {
	committed := make(chan entry, 100)
	b.fake.during = func(e entry) { committed <- e }
	go func() {
		for {
			select {
			case e := <-committed:
				b.apply(e)
			case <-b.Done():
				return
			}
		}
	}()
}

func (b *bench) apply(e entry) {
	if err := b.Apply(e.index, e.command); err != nil {
		b.Errorf("entry %d: %v", e.index, err)
	}
}

func (b *bench) want(commands string) {
	b.Helper()
	if got := string(b.machine.Snapshot()); got != commands {
		b.Errorf("the machine has executed %q, want %q", got, commands)
	}
}

// outcome is what a call came to.
type outcome struct {
	answer string
	err    error
}

// submit begins a Submit and returns where its outcome will be.
func (b *bench) submit(ctx context.Context, command string) <-chan outcome {
	return b.begin(func() ([]byte, error) { return b.Submit(ctx, []byte(command)) })
}

func (b *bench) submitOnce(client, serial uint64, command string) <-chan outcome {
	return b.begin(func() ([]byte, error) {
		return b.SubmitOnce(context.Background(), client, serial, []byte(command))
	})
}

func (b *bench) begin(f func() ([]byte, error)) <-chan outcome {
	c := make(chan outcome, 1)
	go func() {
		answer, err := f()
		c <- outcome{string(answer), err}
	}()
	synctest.Wait()
	return c
}

// expect waits for an outcome.
func (b *bench) expect(what string, c <-chan outcome, answer string, err error) {
	b.Helper()
	synctest.Wait()
	if got := <-c; got.answer != answer || !errors.Is(got.err, err) {
		b.Errorf("%s: %q, %v, want %q, %v", what, got.answer, got.err, answer, err)
	}
}

// pending fails if there is an outcome already.
func (b *bench) pending(what string, c <-chan outcome) {
	b.Helper()
	synctest.Wait()
	select {
	case got := <-c:
		b.Errorf("%s: %q, %v, want it to wait", what, got.answer, got.err)
	default:
	}
}

// open begins a session on a log that commits at once.
func (b *bench) open() uint64 {
	b.Helper()
	client, err := b.Open(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	synctest.Wait()
	return client
}
