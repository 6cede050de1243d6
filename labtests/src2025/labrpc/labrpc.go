// Package labrpc is a simulated network for goroutines of one process. It
// carries gob-encoded calls from client ends to servers, and it can lose,
// delay and reorder messages and cut ends off, so that a distributed program
// can be tested against all of that.
//
//	net := labrpc.MakeNetwork()
//	end := net.MakeEnd("end to 99")
//	srv := labrpc.MakeServer()
//	srv.AddService(labrpc.MakeService(receiver))
//	net.AddServer("server 99", srv)
//	net.Connect("end to 99", "server 99")
//	net.Enable("end to 99", true)
//	ok := end.Call("Receiver.Method", args, &reply)
//
// Names of ends and servers are arbitrary comparable values. Every method may
// be called from any goroutine. Nothing waits with a lock held, nor for anything
// but timers and channels of the network's own, so a network made inside a
// testing/synctest bubble runs in virtual time.
package labrpc

import (
	"bytes"
	"log"
	"math/rand"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"6.5840/labgob"
)

// A request is one call on its way to a server.
type request struct {
	endname  interface{}
	svcMeth  string
	argsType reflect.Type // as passed to Call; the server decodes into it
	args     []byte
	answer   chan response // unbuffered; gets exactly one response
}

// A response with ok false says no more than that the call failed.
type response struct {
	ok    bool
	reply []byte
}

// A ClientEnd is the sending side of one connection.
type ClientEnd struct {
	endname  interface{}
	requests chan request
	done     chan struct{}
}

// Call invokes method svcMeth ("Service.Method") of the server this end is
// connected to, and waits for the outcome; there is no timeout. It returns
// true with *reply filled in, or false with reply untouched, when the request
// or the reply was lost, the server cannot be reached or vanished meanwhile, or
// the network has been cleaned up. After false the handler may have run or not.
//
// Args must be encodable, else Call panics. Args arrives at the handler with
// the type it has here. Calls on one end may be concurrent and may overtake
// each other. A reply that cannot be decoded ends the process.
func (e *ClientEnd) Call(svcMeth string, args interface{}, reply interface{}) bool {
	// A new encoder each time: every message describes its types afresh.
	var buf bytes.Buffer
	if err := labgob.NewEncoder(&buf).Encode(args); err != nil {
		panic(err)
	}
	req := request{
		endname:  e.endname,
		svcMeth:  svcMeth,
		argsType: reflect.TypeOf(args),
		args:     buf.Bytes(),
		answer:   make(chan response),
	}

	select {
	case e.requests <- req:
	case <-e.done:
		return false
	}

	resp := <-req.answer
	if !resp.ok {
		return false
	}
	if err := labgob.NewDecoder(bytes.NewReader(resp.reply)).Decode(reply); err != nil {
		log.Fatalf("labrpc: the reply to %s does not decode into a %T: %v", svcMeth, reply, err)
	}
	return true
}

// A Network connects client ends with servers.
type Network struct {
	requests chan request // unbuffered, shared by all ends
	done     chan struct{}
	count    int64 // atomic; calls attempted
	bytes    int64 // atomic; arguments attempted plus replies delivered

	mu             sync.Mutex
	reliable       bool
	longDelays     bool
	longReordering bool
	ends           map[interface{}]*ClientEnd
	enabled        map[interface{}]bool        // by end name
	connections    map[interface{}]interface{} // end name to server name
	servers        map[interface{}]*Server     // nil once deleted
}

// MakeNetwork returns a reliable network without ends or servers. It runs one
// goroutine until Cleanup, and one or two for each call under way.
func MakeNetwork() *Network {
	rn := &Network{
		requests:    make(chan request),
		done:        make(chan struct{}),
		reliable:    true,
		ends:        map[interface{}]*ClientEnd{},
		enabled:     map[interface{}]bool{},
		connections: map[interface{}]interface{}{},
		servers:     map[interface{}]*Server{},
	}
	go rn.accept()
	return rn
}

// accept counts what arrives before anything is decided about it.
func (rn *Network) accept() {
	for {
		select {
		case req := <-rn.requests:
			atomic.AddInt64(&rn.count, 1)
			atomic.AddInt64(&rn.bytes, int64(len(req.args)))
			go rn.process(req)
		case <-rn.done:
			return
		}
	}
}

// Cleanup stops the network: later calls return false. Calls already accepted
// run to their end and are not waited for. Calling it twice panics.
func (rn *Network) Cleanup() {
	close(rn.done)
}

// Reliable switches between a network that delivers everything at once and one
// that delays requests by up to 26 ms and loses a tenth of the requests and a
// tenth of the replies.
func (rn *Network) Reliable(yes bool) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	rn.reliable = yes
}

// LongReordering makes two thirds of the replies arrive 0.2 to 2.2 s late.
func (rn *Network) LongReordering(yes bool) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	rn.longReordering = yes
}

// LongDelays makes a call that reaches no server fail only after up to 7 s
// instead of 0.1 s.
func (rn *Network) LongDelays(yes bool) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	rn.longDelays = yes
}

// A path is what the network knows about an end at one instant.
type path struct {
	enabled        bool
	servername     interface{}
	server         *Server
	reliable       bool
	longReordering bool
	longDelays     bool
}

func (rn *Network) lookup(endname interface{}) path {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	servername := rn.connections[endname]
	return path{
		enabled:        rn.enabled[endname],
		servername:     servername,
		server:         rn.servers[servername],
		reliable:       rn.reliable,
		longReordering: rn.longReordering,
		longDelays:     rn.longDelays,
	}
}

// isServerDead tells whether the caller lost its server since p was looked up:
// by being disabled, or because another server or none has taken the name.
func (rn *Network) isServerDead(endname interface{}, p path) bool {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	return !rn.enabled[endname] || rn.servers[p.servername] != p.server
}

// process takes one request through the network and answers it.
func (rn *Network) process(req request) {
	p := rn.lookup(req.endname)
	if !p.enabled || p.servername == nil || p.server == nil {
		// What a caller sees as a timeout.
		limit := 100
		if p.longDelays {
			limit = 7000
		}
		time.AfterFunc(milliseconds(rand.Intn(limit)), func() { req.answer <- response{} })
		return
	}

	if !p.reliable {
		time.Sleep(milliseconds(rand.Intn(27)))
		if rand.Intn(1000) < 100 {
			req.answer <- response{}
			return
		}
	}

	resp := rn.await(req, p)
	switch {
	case !resp.ok:
		req.answer <- resp
	case !p.reliable && rand.Intn(1000) < 100:
		req.answer <- response{}
	case p.longReordering && rand.Intn(900) < 600:
		// Nested draws: short delays are likelier than long ones.
		delay := 200 + rand.Intn(1+rand.Intn(2000))
		time.AfterFunc(milliseconds(delay), func() { rn.deliver(req, resp) })
	default:
		rn.deliver(req, resp)
	}
}

// await runs the handler and waits for it, but not beyond the death of its
// server, which is looked for every 100 ms and once when the handler is done:
// a reply of a server that died meanwhile is never seen by anybody.
func (rn *Network) await(req request, p path) response {
	handled := make(chan response, 1) // room for a result nobody waits for
	go func() { handled <- p.server.dispatch(req) }()

	look := time.NewTicker(milliseconds(100))
	defer look.Stop()
	for {
		select {
		case resp := <-handled:
			if rn.isServerDead(req.endname, p) {
				return response{}
			}
			return resp
		case <-look.C:
			if rn.isServerDead(req.endname, p) {
				return response{}
			}
		}
	}
}

func (rn *Network) deliver(req request, resp response) {
	atomic.AddInt64(&rn.bytes, int64(len(resp.reply)))
	req.answer <- resp
}

// MakeEnd makes a client end, which is disabled and connected to nothing. A
// name in use already ends the process.
func (rn *Network) MakeEnd(endname interface{}) *ClientEnd {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	if rn.ends[endname] != nil {
		log.Fatalf("labrpc: MakeEnd: the network already has an end named %v", endname)
	}
	end := &ClientEnd{endname: endname, requests: rn.requests, done: rn.done}
	rn.ends[endname] = end
	rn.enabled[endname] = false
	rn.connections[endname] = nil
	return end
}

// AddServer makes rs reachable under a name, in place of any server there.
func (rn *Network) AddServer(servername interface{}, rs *Server) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	rn.servers[servername] = rs
}

// DeleteServer makes a server unreachable. Its handlers run on, unheard.
func (rn *Network) DeleteServer(servername interface{}) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	rn.servers[servername] = nil
}

// Connect points an end to a server, which need not exist yet. The end has
// still to be enabled.
func (rn *Network) Connect(endname interface{}, servername interface{}) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	rn.connections[endname] = servername
}

// Enable lets an end carry calls, or cuts it off.
func (rn *Network) Enable(endname interface{}, enabled bool) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	rn.enabled[endname] = enabled
}

// GetCount returns the number of requests the named server has been handed.
// The server must be there: it panics after DeleteServer.
func (rn *Network) GetCount(servername interface{}) int {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	return rn.servers[servername].GetCount()
}

// GetTotalCount returns the number of calls attempted, lost ones included.
func (rn *Network) GetTotalCount() int {
	return int(atomic.LoadInt64(&rn.count))
}

// GetTotalBytes returns the encoded size in bytes of the arguments of all
// calls attempted and of all replies delivered.
func (rn *Network) GetTotalBytes() int64 {
	return atomic.LoadInt64(&rn.bytes)
}

func milliseconds(n int) time.Duration {
	return time.Duration(n) * time.Millisecond
}
