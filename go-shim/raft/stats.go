package raft

// Counters count since the node was made.
type Counters struct {
	// Started counts commands taken by Start and Propose.
	Started uint64
	// Received counts requests taken by Handle.
	Received uint64
	// Undelivered counts own requests that the transport reported as lost, or
	// that brought back something that is no reply.
	Undelivered uint64
	// Batches counts batches of work, Saves those that storage had to write.
	Batches, Saves uint64
	// Ticks counts timeouts that came due: elections and heartbeats.
	Ticks uint64
}

// Stats are figures about a node.
type Stats struct {
	State
	Counters
	// Proposals is the number of Propose calls that wait.
	Proposals int
	// Handling is the number of Handle calls that wait.
	Handling int
}

// Stats returns the node's figures.
func (n *Node) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return Stats{
		State:     n.state(),
		Counters:  n.stats,
		Proposals: int(n.proposals.count.Load()),
		Handling:  len(n.waiting),
	}
}
