// Package hook records what a lab's tests do to their servers, and what its
// network does to messages, whatever Raft there is. Labrun puts calls of it
// into copies of the lab's files, at what the labs have in common in all years:
// the exported methods of labrpc, raft.Make and the methods of what it returns,
// the harness's loops over applyCh, and the tests.
//
// Unless a trace is recorded (trace.Default) all of it does nothing. Servers are
// told by raft.Make's arguments: the ends in peers are those of the server me.
// Ends that no Make has had are clients'.
//
// # Goroutines
//
// Everything may be called from any. One timer runs for each request whose way
// is cut.
package hook

import (
	"os"
	"reflect"
	"sync"

	"pontoon.dev/go-shim/trace"
)

// The recorder's file is made as the process starts, before any bubble of
// virtual time.
var global = newCluster(trace.Default())

// cluster is what is known of the servers of the test under way, and of their
// network.
type cluster struct {
	rec *trace.Recorder

	mu       sync.Mutex
	impl     string // what Run says
	test     string
	begun    bool // Run and TestStart are recorded
	servers  map[int]*server
	rafts    map[any]*Life     // by *Raft
	channels map[uintptr]*Life // by applyCh
	links    map[[2]int]bool   // the ways that are open
	nets     map[any]*network  // by *Network
	ends     map[any]*end      // by *ClientEnd
	calls    map[*byte]*Call   // by the first byte of the method's name, and of what follows its dot
	services map[string]bool   // of Rafts
	calledID uint64            // of the latest call
	blind    bool              // nobody tells when a handler runs
	apart    bool              // servers are processes: which life this is, is not known
}

func newCluster(rec *trace.Recorder) *cluster {
	c := &cluster{rec: rec}
	c.reset()
	return c
}

// reset forgets an earlier test.
func (c *cluster) reset() {
	c.begun = false
	c.servers, c.rafts, c.channels = map[int]*server{}, map[any]*Life{}, map[uintptr]*Life{}
	c.links, c.nets, c.ends = map[[2]int]bool{}, map[any]*network{}, map[any]*end{}
	c.calls, c.services = map[*byte]*Call{}, map[string]bool{"Raft": true}
}

// server is one of the test's.
type server struct {
	life  uint64 // 1 after its first Make
	alive bool
}

// Life is a server from one Make to the next. Its methods do nothing on nil.
type Life struct {
	c      *cluster
	server int
	number uint64
}

// current tells that the server has not been made anew.
func (l *Life) current() bool { return l != nil && l.c.servers[l.server].life == l.number }

func (c *cluster) record(e trace.Event) { c.rec.Record(&e) }

// begin records the first events, once it is known how many servers there are;
// 0 if there are none.
func (c *cluster) begin(servers int) {
	if c.begun {
		return
	}
	c.begun = true
	c.record(trace.Event{Kind: trace.Run, Server: trace.None, Peer: trace.None, Text: c.impl, Index: uint64(servers)})
	if c.test != "" {
		c.record(trace.Event{Kind: trace.TestStart, Server: trace.None, Peer: trace.None, Text: c.test})
	}
}

// Apart tells that servers are processes, whose calls must have numbers of
// their own.
func Apart() bool {
	global.mu.Lock()
	defer global.mu.Unlock()
	global.apart, global.calledID = true, uint64(os.Getpid())<<24
	return true
}

// Blind tells that Handle is called nowhere.
func Blind() bool {
	global.mu.Lock()
	defer global.mu.Unlock()
	global.blind = true
	return true
}

// Make is the beginning of raft.Make, whose first two arguments and the last
// one it gets; impl names the Raft. One that tells records its Make itself.
func Make(impl string, tells bool, peers any, me int, applyCh any) *Life {
	return global.make(impl, tells, peers, me, applyCh)
}

func (c *cluster) make(impl string, tells bool, peers any, me int, applyCh any) *Life {
	if c.rec == nil {
		return nil
	}
	ends := reflect.ValueOf(peers)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.impl = impl
	c.begin(ends.Len())
	s := c.servers[me]
	if s == nil {
		s = &server{}
		c.servers[me] = s
	}
	c.kill(me)
	s.life++
	s.alive = true
	life := &Life{c, me, s.life}
	if !tells {
		c.record(trace.Event{Kind: trace.Make, Server: me, Peer: trace.None})
	}
	for peer := range ends.Len() {
		c.own(ends.Index(peer).Interface(), life, peer)
	}
	c.channels[reflect.ValueOf(applyCh).Pointer()] = life
	return life
}

// own notes that an end is the server's.
func (c *cluster) own(clientEnd any, life *Life, peer int) {
	e := c.ends[clientEnd]
	if e == nil {
		e = &end{}
		c.ends[clientEnd] = e
	}
	e.life, e.peer = life, peer
	if e.net != nil && e.server != nil {
		e.net.numbers[e.server] = peer
	}
	c.link(e)
}

// Is tells what raft.Make returns.
func (l *Life) Is(raft any) {
	if l == nil || raft == nil {
		return
	}
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	t := reflect.TypeOf(raft)
	if t.Kind() != reflect.Pointer {
		return
	}
	l.c.rafts[raft] = l
	l.c.services[t.Elem().Name()] = true
}

// lifeOf returns the life that a Raft is, nil if it has been replaced.
func (c *cluster) lifeOf(raft any) *Life {
	if life := c.rafts[raft]; life.current() {
		return life
	}
	return nil
}

// Kill is the beginning of a Raft's method Kill.
func Kill(raft any) { global.killRaft(raft) }

func (c *cluster) killRaft(raft any) {
	if c.rec == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if life := c.lifeOf(raft); life != nil {
		c.kill(life.server)
	}
}

func (c *cluster) kill(server int) {
	if s := c.servers[server]; s.alive {
		s.alive = false
		c.record(trace.Event{Kind: trace.Kill, Server: server, Peer: trace.None})
	}
}
