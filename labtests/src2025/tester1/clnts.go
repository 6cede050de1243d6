package tester

import (
	"sync"

	"6.5840/labrpc"
)

// Clnts are the clients of one network.
type Clnts struct {
	net *labrpc.Network

	mu    sync.Mutex
	clnts map[*Clnt]bool
}

func newClnts(net *labrpc.Network) *Clnts {
	return &Clnts{net: net, clnts: map[*Clnt]bool{}}
}

// MakeClient returns a client that may reach every server.
func (cs *Clnts) MakeClient() *Clnt {
	clnt := &Clnt{net: cs.net, everywhere: true, ends: map[string]clntEnd{}}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.clnts[clnt] = true
	return clnt
}

// MakeClientTo returns a client that may reach the servers of these names.
func (cs *Clnts) MakeClientTo(servers []string) *Clnt {
	clnt := cs.MakeClient()
	clnt.ConnectTo(servers)
	return clnt
}

// DeleteClient takes a client and its ends off the network.
func (cs *Clnts) DeleteClient(clnt *Clnt) {
	cs.mu.Lock()
	known := cs.clnts[clnt]
	delete(cs.clnts, clnt)
	cs.mu.Unlock()
	if known {
		clnt.delete()
	}
}

// deleteAll deletes the clients that are left.
func (cs *Clnts) deleteAll() {
	cs.mu.Lock()
	clnts := cs.clnts
	cs.clnts = map[*Clnt]bool{}
	cs.mu.Unlock()
	for clnt := range clnts {
		clnt.delete()
	}
}

// Clnt is a client, which calls servers by their names.
type Clnt struct {
	net *labrpc.Network

	mu         sync.Mutex
	everywhere bool            // it may reach every server
	allowed    map[string]bool // else it may reach these
	ends       map[string]clntEnd
	deleted    bool
}

type clntEnd struct {
	name string
	end  *labrpc.ClientEnd
}

// Call calls a method of the named server, as labrpc.ClientEnd.Call does.
func (clnt *Clnt) Call(server, method string, args, reply interface{}) bool {
	end := clnt.to(server)
	return end != nil && end.Call(method, args, reply)
}

// to returns the end to a server, nil if the client has been deleted.
func (clnt *Clnt) to(server string) *labrpc.ClientEnd {
	clnt.mu.Lock()
	defer clnt.mu.Unlock()
	if clnt.deleted {
		return nil
	}
	e, ok := clnt.ends[server]
	if !ok {
		e.name = Randstring(20)
		e.end = clnt.net.MakeEnd(e.name)
		clnt.net.Connect(e.name, server)
		clnt.net.Enable(e.name, clnt.may(server))
		clnt.ends[server] = e
	}
	return e.end
}

// may tells whether the client may reach a server. Needs mu.
func (clnt *Clnt) may(server string) bool {
	return clnt.everywhere || clnt.allowed[server]
}

// ConnectAll lets the client reach every server.
func (clnt *Clnt) ConnectAll() { clnt.allow(true, nil) }

// ConnectTo lets the client reach the servers of these names alone.
func (clnt *Clnt) ConnectTo(servers []string) { clnt.allow(false, servers) }

// DisconnectAll lets the client reach no server.
func (clnt *Clnt) DisconnectAll() { clnt.allow(false, nil) }

func (clnt *Clnt) allow(everywhere bool, servers []string) {
	clnt.mu.Lock()
	defer clnt.mu.Unlock()
	clnt.everywhere, clnt.allowed = everywhere, map[string]bool{}
	for _, server := range servers {
		clnt.allowed[server] = true
	}
	for server, e := range clnt.ends {
		clnt.net.Enable(e.name, clnt.may(server))
	}
}

// Disconnect cuts the client off from one server that it has called.
func (clnt *Clnt) Disconnect(server string) {
	clnt.mu.Lock()
	defer clnt.mu.Unlock()
	delete(clnt.allowed, server)
	if e, ok := clnt.ends[server]; ok {
		clnt.net.Enable(e.name, false)
	}
}

func (clnt *Clnt) delete() {
	clnt.mu.Lock()
	defer clnt.mu.Unlock()
	clnt.deleted = true
	for _, e := range clnt.ends {
		clnt.net.DeleteEnd(e.name)
	}
	clnt.ends = nil
}
