package tester

import (
	"fmt"
	"sync"

	"6.5840/labrpc"
)

// Tgid names a group of servers.
type Tgid int

// GRP0 is the group that every test has.
const GRP0 Tgid = 0

// IService is a part of a server that is to end when the server does. Its
// handlers can be called over the network.
type IService interface {
	Kill()
}

// FstartServer starts server srv of group grp, which reaches server j of its
// group by ends[j] and keeps in persister what is to survive it. It returns the
// server's parts in the order in which they are to be killed.
type FstartServer func(ends []*labrpc.ClientEnd, grp Tgid, srv int, persister *Persister) []IService

// ServerName is the name on the network of server i of group gid.
func ServerName(gid Tgid, i int) string {
	return fmt.Sprintf("server-%d-%d", gid, i)
}

// Groups are the groups of one network.
type Groups struct {
	net *labrpc.Network

	mu     sync.Mutex
	groups map[Tgid]*ServerGrp
}

func newGroups(net *labrpc.Network) *Groups {
	return &Groups{net: net, groups: map[Tgid]*ServerGrp{}}
}

// Group returns a group, nil if there is none of that name.
func (gs *Groups) Group(gid Tgid) *ServerGrp {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	return gs.groups[gid]
}

// MakeGroupStart starts n connected servers by mks, as a new group.
func (gs *Groups) MakeGroupStart(gid Tgid, n int, mks FstartServer) {
	sg := &ServerGrp{net: gs.net, gid: gid, mks: mks, servers: make([]server, n)}
	gs.mu.Lock()
	gs.groups[gid] = sg
	gs.mu.Unlock()
	sg.StartServers()
}

// ExitGroup stops the servers of a group, and forgets it.
func (gs *Groups) ExitGroup(gid Tgid) {
	gs.Group(gid).Shutdown()
	gs.mu.Lock()
	defer gs.mu.Unlock()
	delete(gs.groups, gid)
}

// killAll kills every part of every server that runs.
func (gs *Groups) killAll() {
	gs.mu.Lock()
	groups := make([]*ServerGrp, 0, len(gs.groups))
	for _, sg := range gs.groups {
		groups = append(groups, sg)
	}
	gs.mu.Unlock()
	for _, sg := range groups {
		for i := 0; i < sg.N(); i++ {
			for _, service := range sg.takeServices(i) {
				service.Kill()
			}
		}
	}
}

// server is what a group knows of a server, in its latest life.
type server struct {
	connected bool
	endnames  []string   // endnames[j] is the end to server j
	persister *Persister // what its Raft saves into
	services  []IService // nil while it is shut down
}

// ServerGrp is a group of servers that replicate each other.
type ServerGrp struct {
	net *labrpc.Network
	gid Tgid
	mks FstartServer

	mu      sync.Mutex
	servers []server
}

// N returns the number of servers.
func (sg *ServerGrp) N() int { return len(sg.servers) }

func (sg *ServerGrp) all() []int {
	list := make([]int, sg.N())
	for i := range list {
		list[i] = i
	}
	return list
}

// SrvNames returns the names of all servers.
func (sg *ServerGrp) SrvNames() []string { return sg.SrvNamesTo(sg.all()) }

// SrvNamesTo returns the names of some servers.
func (sg *ServerGrp) SrvNamesTo(to []int) []string {
	names := make([]string, 0, len(to))
	for _, i := range to {
		names = append(names, ServerName(sg.gid, i))
	}
	return names
}

// StartServer starts server i with what it had saved. It is left as it was on
// the network, but by ends with new names, which are disabled.
func (sg *ServerGrp) StartServer(i int) {
	names := make([]string, sg.N())
	ends := make([]*labrpc.ClientEnd, sg.N())
	for j := range ends {
		names[j] = Randstring(20)
		ends[j] = sg.net.MakeEnd(names[j])
		sg.net.Connect(names[j], ServerName(sg.gid, j))
	}

	persister := MakePersister()
	sg.mu.Lock()
	s := &sg.servers[i]
	if s.persister != nil {
		persister = s.persister.Copy()
	}
	s.endnames, s.persister = names, persister
	sg.mu.Unlock()

	services := sg.mks(ends, sg.gid, i, persister)

	sg.mu.Lock()
	s.services = services
	sg.mu.Unlock()

	served := labrpc.MakeServer()
	for _, service := range services {
		served.AddService(labrpc.MakeService(service))
	}
	sg.net.AddServer(ServerName(sg.gid, i), served)
	if sg.gid == GRP0 {
		AnnotateRestart([]int{i})
	}
}

// StartServers starts all servers, and only then connects them.
func (sg *ServerGrp) StartServers() {
	for i := range sg.servers {
		sg.StartServer(i)
	}
	sg.ConnectAll()
}

// ShutdownServer stops server i. What it has saved by now survives, and nothing
// that its dying parts may still save.
func (sg *ServerGrp) ShutdownServer(i int) {
	sg.DisconnectAll(i)
	sg.net.DeleteServer(ServerName(sg.gid, i))

	sg.mu.Lock()
	if s := &sg.servers[i]; s.persister != nil {
		s.persister = s.persister.Copy()
	}
	sg.mu.Unlock()
	for _, service := range sg.takeServices(i) {
		service.Kill()
	}
	if sg.gid == GRP0 {
		AnnotateShutdown([]int{i})
	}
}

// takeServices returns the parts of server i, which is without from now on.
func (sg *ServerGrp) takeServices(i int) []IService {
	sg.mu.Lock()
	defer sg.mu.Unlock()
	services := sg.servers[i].services
	sg.servers[i].services = nil
	return services
}

// Shutdown stops all servers.
func (sg *ServerGrp) Shutdown() {
	for i := range sg.servers {
		sg.ShutdownServer(i)
	}
}

// Services returns the parts of all servers that run.
func (sg *ServerGrp) Services() []IService {
	sg.mu.Lock()
	defer sg.mu.Unlock()
	var list []IService
	for _, s := range sg.servers {
		list = append(list, s.services...)
	}
	return list
}

// connect puts server i on the network, with those of to that are on it.
func (sg *ServerGrp) connect(i int, to []int) {
	sg.mu.Lock()
	defer sg.mu.Unlock()
	sg.servers[i].connected = true
	for _, j := range to {
		if sg.servers[j].connected {
			sg.enable(i, j, true)
		}
	}
}

// disconnect takes server i off the network, and cuts it off from those of from.
func (sg *ServerGrp) disconnect(i int, from []int) {
	sg.mu.Lock()
	defer sg.mu.Unlock()
	sg.servers[i].connected = false
	for _, j := range from {
		sg.enable(i, j, false)
	}
}

// enable sets the ends between i and j, in both directions. Needs mu.
func (sg *ServerGrp) enable(i, j int, on bool) {
	if names := sg.servers[i].endnames; names != nil {
		sg.net.Enable(names[j], on)
	}
	if names := sg.servers[j].endnames; names != nil {
		sg.net.Enable(names[i], on)
	}
}

// ConnectOne puts server i on the network, with all servers that are on it.
func (sg *ServerGrp) ConnectOne(i int) {
	sg.connect(i, sg.all())
	sg.annotateConnection()
}

// ConnectAll puts every server on the network. That is true of those that are
// shut down too: the ends of their last lives work again, so whatever of them
// is still alive is heard.
func (sg *ServerGrp) ConnectAll() {
	for i := range sg.servers {
		sg.connect(i, sg.all())
	}
	sg.annotateConnection()
}

// DisconnectAll takes server i off the network.
func (sg *ServerGrp) DisconnectAll(i int) {
	sg.disconnect(i, sg.all())
	sg.annotateConnection()
}

func (sg *ServerGrp) annotateConnection() {
	if sg.gid == GRP0 {
		AnnotateConnection(sg.GetConnected())
	}
}

// Partition puts the servers of p1 on one side and those of p2 on the other.
func (sg *ServerGrp) Partition(p1, p2 []int) {
	for _, i := range p1 {
		sg.disconnect(i, p2)
		sg.connect(i, p1)
	}
	for _, i := range p2 {
		sg.disconnect(i, p1)
		sg.connect(i, p2)
	}
	if sg.gid == GRP0 {
		AnnotateTwoPartitions(p1, p2)
	}
}

// MakePartition returns two sides for Partition: a majority without server l,
// and the others with l as the last.
func (sg *ServerGrp) MakePartition(l int) ([]int, []int) {
	var p1, p2 []int
	for i := range sg.servers {
		switch {
		case i == l:
		case len(p1) <= sg.N()/2:
			p1 = append(p1, i)
		default:
			p2 = append(p2, i)
		}
	}
	return p1, append(p2, l)
}

// IsConnected tells whether server i is on the network.
func (sg *ServerGrp) IsConnected(i int) bool {
	sg.mu.Lock()
	defer sg.mu.Unlock()
	return sg.servers[i].connected
}

// GetConnected tells of each server whether it is on the network.
func (sg *ServerGrp) GetConnected() []bool {
	list := make([]bool, sg.N())
	for i := range list {
		list[i] = sg.IsConnected(i)
	}
	return list
}

// RpcCount returns the number of RPCs that server i has got in this life. The
// server must not be shut down.
func (sg *ServerGrp) RpcCount(i int) int { return sg.net.GetCount(ServerName(sg.gid, i)) }

// LogSize returns the size of the largest saved Raft state in bytes.
func (sg *ServerGrp) LogSize() int { return sg.largest((*Persister).RaftStateSize) }

// SnapshotSize returns the size of the largest saved snapshot in bytes.
func (sg *ServerGrp) SnapshotSize() int { return sg.largest((*Persister).SnapshotSize) }

func (sg *ServerGrp) largest(size func(*Persister) int) int {
	sg.mu.Lock()
	defer sg.mu.Unlock()
	most := 0
	for _, s := range sg.servers {
		if s.persister != nil {
			most = max(most, size(s.persister))
		}
	}
	return most
}
