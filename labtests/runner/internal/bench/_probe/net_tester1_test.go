package raft

// The probe's network for the trees of 2025, whose ApplyMsg is in raftapi and
// whose Persister is in tester1.

import (
	"6.5840/labrpc"
	"6.5840/raftapi"
	tester "6.5840/tester1"
)

type probeMsg = raftapi.ApplyMsg

type probeNet struct {
	net        *labrpc.Network
	persisters []*tester.Persister
}

func newProbeNet(servers int) *probeNet {
	p := &probeNet{net: labrpc.MakeNetwork(), persisters: make([]*tester.Persister, servers)}
	for i := range p.persisters {
		p.persisters[i] = tester.MakePersister()
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
	return rf.(probeRaft)
}

func (p *probeNet) rpcs() int64          { return int64(p.net.GetTotalCount()) }
func (p *probeNet) bytes() int64         { return p.net.GetTotalBytes() }
func (p *probeNet) stateSize(me int) int { return p.persisters[me].RaftStateSize() }
func (p *probeNet) cleanup()             { p.net.Cleanup() }

func probeInstall(rf probeRaft, m probeMsg) bool { return true }
