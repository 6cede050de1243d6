package raft

// The probe's network for the trees of 2021 to 2024, whose package raft holds
// ApplyMsg and Persister.

import "6.5840/labrpc"

type probeMsg = ApplyMsg

type probeNet struct {
	net        *labrpc.Network
	persisters []*Persister
}

func newProbeNet(servers int) *probeNet {
	p := &probeNet{net: labrpc.MakeNetwork(), persisters: make([]*Persister, servers)}
	for i := range p.persisters {
		p.persisters[i] = MakePersister()
	}
	return p
}

// make makes server me with connected ends to all servers.
func (p *probeNet) make(me int, applyCh chan probeMsg) probeRaft {
	ends := make([]*labrpc.ClientEnd, len(p.persisters))
	for j := range ends {
		name := [2]int{me, j}
		ends[j] = p.net.MakeEnd(name)
		p.net.Connect(name, j)
		p.net.Enable(name, true)
	}
	rf := Make(ends, me, p.persisters[me], applyCh)
	server := labrpc.MakeServer()
	server.AddService(labrpc.MakeService(rf))
	p.net.AddServer(me, server)
	return rf
}

func (p *probeNet) rpcs() int64          { return int64(p.net.GetTotalCount()) }
func (p *probeNet) bytes() int64         { return p.net.GetTotalBytes() }
func (p *probeNet) stateSize(me int) int { return p.persisters[me].RaftStateSize() }
func (p *probeNet) cleanup()             { p.net.Cleanup() }

// probeInstall asks a Raft of 2021 or 2022 whether its snapshot still counts.
func probeInstall(rf probeRaft, m probeMsg) bool {
	asked, ok := rf.(interface {
		CondInstallSnapshot(term, index int, snapshot []byte) bool
	})
	return !ok || asked.CondInstallSnapshot(m.SnapshotTerm, m.SnapshotIndex, m.Snapshot)
}
