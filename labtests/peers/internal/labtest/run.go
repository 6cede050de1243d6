package labtest

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/lab"
)

// limit is how long anything may take before it counts as never.
const limit = 60 * time.Second

func snapshotOf(index int) []byte { return []byte("through " + strconv.Itoa(index)) }

func indexOf(t *testing.T, snapshot []byte) int {
	index, err := strconv.Atoi(strings.TrimPrefix(string(snapshot), "through "))
	if err != nil {
		t.Errorf("%q is no snapshot that a service took", snapshot)
	}
	return index
}

// until waits for something that comes.
func (c *Cluster) until(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("within %v not: %s", limit, what)
		}
	}
}

// Leader waits for a leader among the servers that are up and not cut off, and
// returns its number.
func (c *Cluster) Leader() (leader int) {
	c.t.Helper()
	c.until("a leader", func() bool {
		best := -1
		for me, raft := range c.rafts() {
			if term, leads := raft.GetState(); leads && term > best {
				leader, best = me, term
			}
		}
		return best >= 0
	})
	return leader
}

// rafts are those that take part.
func (c *Cluster) rafts() map[int]Raft {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[int]Raft{}
	for me, s := range c.servers {
		if s.up && !s.cut {
			found[me] = s.raft
		}
	}
	return found
}

// Agree starts a command until it is committed, and waits until all that take
// part have received it at the index that Start said, which it returns.
func (c *Cluster) Agree(command interface{}) (index int) {
	c.t.Helper()
	c.until("agreement", func() bool {
		raft, ok := c.rafts()[c.Leader()]
		if !ok {
			return false
		}
		at, _, ok := raft.Start(command)
		if !ok {
			return false
		}
		index = at
		c.accepted++
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if got, everywhere := c.at(at); got != nil && got != command {
				return false // another leader's
			} else if everywhere {
				return true
			}
		}
		return false
	})
	return index
}

// placed fails the test unless index is where the count-th command belongs. A
// command that had to be given again, because nobody knew what became of it, may
// have taken two places.
func (c *Cluster) placed(count, index int) {
	c.t.Helper()
	c.agreed++
	if twice := c.accepted - c.agreed; index < count || index > count+twice {
		c.t.Fatalf("command %d is at index %d; %d were given twice", count, index, twice)
	}
}

// at returns the command at an index, and whether all that take part are past it.
func (c *Cluster) at(index int) (command interface{}, everywhere bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	everywhere = true
	for _, s := range c.servers {
		everywhere = everywhere && (!s.up || s.cut || s.last >= index)
	}
	if index < len(c.log) {
		command = c.log[index]
	}
	return command, everywhere && command != nil
}

// Run tests what the labs rely on, in virtual time.
func Run(t *testing.T, start func(lab.Options) Raft) {
	scenario := func(name string, test func(c *Cluster)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(New(t, 3, start)) })
		})
	}
	scenario("first index is 1", func(c *Cluster) {
		for want := 1; want <= 5; want++ {
			c.placed(want, c.Agree(want))
		}
	})
	scenario("terms hide their first entries", func(c *Cluster) {
		for n := 1; n <= 3; n++ {
			c.placed(n, c.Agree(n))
			leader := c.Leader()
			c.Cut(leader, true)
			c.Leader()
			c.Cut(leader, false)
		}
	})
	scenario("burst", burst)
	scenario("restart", func(c *Cluster) {
		for n := 1; n <= 4; n++ {
			c.placed(n, c.Agree(n))
		}
		for me := range 3 {
			c.Crash(me)
		}
		for me := range 3 {
			c.Restart(me)
		}
		c.placed(5, c.Agree("after"))
	})
	scenario("snapshots", snapshots)
	scenario("loss", loss)
}

// burst checks the indexes of commands that are started back to back.
func burst(c *Cluster) {
	c.Agree("first")
	leader := c.rafts()[c.Leader()]
	const n = 500
	first, term, _ := leader.Start(0)
	for i := 1; i < n; i++ {
		if index, now, leads := leader.Start(i); leads && now == term && index != first+i {
			c.t.Errorf("command %d is to be at index %d, want %d", i, index, first+i)
		}
	}
	c.Agree("last")
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, command := range c.log[first : first+n] {
		if command != i {
			c.t.Fatalf("index %d has %v, want %d", first+i, command, i)
		}
	}
}

// snapshots lets a server miss what only a snapshot has, restarts it and the
// others, and looks at the size of the state.
func snapshots(c *Cluster) {
	c.SnapshotEvery(10)
	next := 0
	agree := func(n int) {
		for range n {
			next++
			c.placed(next, c.Agree(next))
		}
	}
	agree(15)
	away := (c.Leader() + 1) % 3
	c.Cut(away, true)
	agree(35)
	c.Cut(away, false)
	agree(5)
	c.Crash(away)
	c.Restart(away)
	agree(3)
	for me := range 3 {
		c.Crash(me)
		c.Restart(me)
	}
	agree(22)
	c.until("short states", func() bool {
		for me := range 3 {
			if c.servers[me].persister.RaftStateSize() > 1000 {
				return false
			}
		}
		return true
	})
}

// loss crashes servers while the network loses a tenth of everything.
func loss(c *Cluster) {
	c.SnapshotEvery(7)
	c.Lose(0.1)
	for n := range 30 {
		c.Agree(n)
		if n%5 == 4 {
			me := n / 5 % 3
			c.Crash(me)
			c.Agree(1000 + n)
			c.Restart(me)
		}
	}
}
