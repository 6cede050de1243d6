package kvtest

import (
	"encoding/json"
	"fmt"
	"math/rand"

	"6.5840/kvsrv1/rpc"
)

// entry is what a client writes: who it is, and the version that it replaces. No
// two clients write the same, nor does one client twice for certain.
type entry struct {
	Id      int
	Version rpc.Tversion
}

// nkeys is the number of keys that clients choose from, where these are random.
const nkeys = 100

// Outcome is what became of a client's Puts.
type Outcome struct {
	OK    int
	Maybe int
	Wrong string // what went wrong, if anything
}

// Add counts another client's, or another round's, Puts too.
func (o *Outcome) Add(other Outcome) {
	o.OK += other.OK
	o.Maybe += other.Maybe
	if o.Wrong == "" {
		o.Wrong = other.Wrong
	}
}

// client is what one of the test's clients knows.
type client struct {
	id       int
	ck       IKVClerk
	versions map[string]rpc.Tversion // at least that of the key by now
	outcome  Outcome
}

// Clients are the clients of one round.
type Clients struct {
	ts       *Test
	stop     chan struct{}
	outcomes chan Outcome
	clerks   []*TestClerk
}

// StartClients starts n clients, which put one value after another: to the one
// key that CheckPuts looks at, or to random ones.
func (ts *Test) StartClients(n int, randomkeys bool) *Clients {
	cs := &Clients{ts: ts, stop: make(chan struct{}), outcomes: make(chan Outcome, n)}
	for i := 0; i < n; i++ {
		ck := ts.MakeClerk()
		cs.clerks = append(cs.clerks, ck)
		// Numbered through, for a round's client writes what none before it has.
		c := &client{id: ck.id, ck: ck, versions: map[string]rpc.Tversion{}}
		go func() { cs.outcomes <- c.run(randomkeys, cs.stop) }()
	}
	return cs
}

// Disconnect cuts the clients off from all servers.
func (cs *Clients) Disconnect() {
	for _, ck := range cs.clerks {
		ck.Clnt.DisconnectAll()
	}
}

// Connect lets the clients reach all servers again.
func (cs *Clients) Connect() {
	for _, ck := range cs.clerks {
		ck.Clnt.ConnectAll()
	}
}

// Stop tells the clients to end when they are through with what they do.
func (cs *Clients) Stop() { close(cs.stop) }

// Wait waits for the clients, after Stop, and demands that none has a complaint.
func (cs *Clients) Wait() Outcome {
	var total Outcome
	for range cs.clerks {
		total.Add(<-cs.outcomes)
	}
	if total.Wrong != "" {
		cs.ts.Failf("%s", total.Wrong)
	}
	for _, ck := range cs.clerks {
		cs.ts.DeleteClerk(ck)
	}
	return total
}

// key is the one that clients without random keys put to.
const key = "k"

func (c *client) run(randomkeys bool, stop <-chan struct{}) Outcome {
	for c.outcome.Wrong == "" {
		select {
		case <-stop:
			return c.outcome
		default:
		}
		if randomkeys {
			c.put(fmt.Sprint(key, rand.Intn(nkeys)))
		} else {
			c.put(key)
		}
	}
	return c.outcome
}

// put puts to a key until that was done, or maybe done, and reads after each
// attempt.
func (c *client) put(key string) {
	for c.outcome.Wrong == "" {
		version := c.versions[key]
		value, err := json.Marshal(entry{c.id, version})
		if err != nil {
			panic(err)
		}
		outcome := c.ck.Put(key, string(value), version)
		switch outcome {
		case rpc.OK:
			c.outcome.OK++
		case rpc.ErrMaybe:
			c.outcome.Maybe++
		case rpc.ErrVersion: // another client was faster
		default:
			c.outcome.Wrong = fmt.Sprintf("client %d: a Put of version %d returned %q", c.id, version, outcome)
			return
		}
		c.get(key, outcome)
		if outcome != rpc.ErrVersion {
			return
		}
	}
}

// get reads a key, to which a Put with this outcome was the client's last.
func (c *client) get(key string, put rpc.Err) {
	text, version, err := c.ck.Get(key)
	before := c.versions[key]
	var got entry
	switch {
	case err != rpc.OK:
		c.outcome.Wrong = fmt.Sprintf("client %d: a Get after a Put of version %d returned %q", c.id, before, err)
	case json.Unmarshal([]byte(text), &got) != nil || got.Version+1 != version:
		c.outcome.Wrong = fmt.Sprintf("client %d: version %d came with the value %q", c.id, version, text)
	case version <= before:
		// Whatever became of the Put: a version after that one was there for it.
		c.outcome.Wrong = fmt.Sprintf("client %d: after a Put of version %d that returned %q, a Get returned version %d", c.id, before, put, version)
	case version == before+1 && (put == rpc.OK && got.Id != c.id || put == rpc.ErrVersion && got.Id == c.id):
		c.outcome.Wrong = fmt.Sprintf("client %d: its Put of version %d returned %q, but the value after that is client %d's", c.id, before, put, got.Id)
	}
	c.versions[key] = version
}

// CheckPuts demands that the version of the clients' one key is the number of
// Puts that were done. All rounds count.
func (ts *Test) CheckPuts(total Outcome) {
	ck := ts.MakeClerk()
	defer ts.DeleteClerk(ck)
	if _, version, err := ck.Get(key); err != rpc.OK || int(version) < total.OK || int(version) > total.OK+total.Maybe {
		ts.Failf("%d Puts were done and %d maybe, but the version is %d (%s)", total.OK, total.Maybe, version, err)
	}
}

// CheckGet demands a value, and returns its version.
func (ck *TestClerk) CheckGet(key, want string) rpc.Tversion {
	value, version, err := ck.Get(key)
	if err != rpc.OK || value != want {
		ck.ts.Failf("Get(%q) returned %q (%s), not %q", key, value, err, want)
	}
	return version
}

// MustPut demands that a Put is done, or maybe done where the network is
// unreliable.
func (ck *TestClerk) MustPut(key, value string, version rpc.Tversion) {
	if err := ck.Put(key, value, version); err != rpc.OK && (err != rpc.ErrMaybe || ck.ts.IsReliable()) {
		ck.ts.Failf("Put(%q, %q, %d) returned %s", key, value, version, err)
	}
}
