package hook

import "pontoon.dev/go-shim/trace"

// network mirrors what the test has told a labrpc.Network.
type network struct {
	ends       map[any]*end // by name
	servers    map[any]any  // *Server by name; nil after DeleteServer
	numbers    map[any]int  // of the servers of the test, by name
	unreliable bool
	closed     bool
}

// end is a labrpc.ClientEnd.
type end struct {
	net     *network // nil if its making was not seen
	server  any      // the name of what it is connected to
	enabled bool
	life    *Life // whose it is; nil for a client
	peer    int   // the server that it leads to, if it has a life
}

func (c *cluster) network(net any) *network {
	n := c.nets[net]
	if n == nil {
		n = &network{ends: map[any]*end{}, servers: map[any]any{}, numbers: map[any]int{}}
		c.nets[net] = n
	}
	return n
}

// change is for what the test tells its network.
func (c *cluster) change(net any, f func(n *network)) {
	if c.rec == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.network(net))
}

// MakeEnd is what Network.MakeEnd has returned for a name.
func MakeEnd(net, name, clientEnd any) { global.makeEnd(net, name, clientEnd) }

func (c *cluster) makeEnd(net, name, clientEnd any) {
	c.change(net, func(n *network) {
		e := &end{net: n}
		n.ends[name] = e
		c.ends[clientEnd] = e
	})
}

// DeleteEnd is the beginning of Network.DeleteEnd.
func DeleteEnd(net, name any) { global.enable(net, name, false) }

// Connect is the beginning of Network.Connect.
func Connect(net, name, server any) { global.connect(net, name, server) }

func (c *cluster) connect(net, name, server any) {
	c.change(net, func(n *network) {
		if e := n.ends[name]; e != nil {
			e.server = server
			if e.life != nil {
				n.numbers[server] = e.peer
			}
		}
	})
}

// Enable is the beginning of Network.Enable.
func Enable(net, name any, enabled bool) { global.enable(net, name, enabled) }

func (c *cluster) enable(net, name any, enabled bool) {
	c.change(net, func(n *network) {
		if e := n.ends[name]; e != nil {
			e.enabled = enabled
			c.link(e)
		}
	})
}

// link records that a way between two servers is opened or cut, if it was not
// before.
func (c *cluster) link(e *end) {
	if e.net == nil || !e.life.current() || e.life.server == e.peer {
		return
	}
	way := [2]int{e.life.server, e.peer}
	if c.links[way] == e.enabled {
		return
	}
	c.links[way] = e.enabled
	c.record(trace.Event{Kind: trace.Link, Server: way[0], Peer: way[1], Flag: e.enabled})
}

// AddServer is the beginning of Network.AddServer.
func AddServer(net, name, server any) {
	global.change(net, func(n *network) { n.servers[name] = server })
}

// DeleteServer is the beginning of Network.DeleteServer.
func DeleteServer(net, name any) {
	global.change(net, func(n *network) { n.servers[name] = nil })
}

// Reliable is the beginning of Network.Reliable.
func Reliable(net any, yes bool) { global.change(net, func(n *network) { n.unreliable = !yes }) }

// Cleanup is the beginning of Network.Cleanup.
func Cleanup(net any) { global.change(net, func(n *network) { n.closed = true }) }

// What is in a request's way.
const (
	cutWay     = "the way is cut"
	noServer   = "the server is gone"
	netClosed  = "the network is closed"
	dropped    = "the network dropped it"
	unknownWay = "no answer"
)

// obstacle says what is in the way of a request through e; "" if nothing is.
func (e *end) obstacle() string {
	switch {
	case e.net == nil:
		return ""
	case e.net.closed:
		return netClosed
	case !e.enabled || e.server == nil:
		return cutWay
	case e.net.servers[e.server] == nil:
		return noServer
	}
	return ""
}

// target is the number of the server that e leads to.
func (e *end) target() int {
	if e.life != nil {
		return e.peer
	}
	if e.net != nil && e.server != nil {
		if number, ok := e.net.numbers[e.server]; ok {
			return number
		}
	}
	return trace.None
}
