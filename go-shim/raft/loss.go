package raft

// How often the core is told at once that a peer's requests are lost, and may
// repeat at once. A transport that knows immediately that a server is down, from
// a refused connection, would otherwise turn into a storm of requests.
const (
	lossesAtOnce = 3  // since the peer's last reply
	lossPauseMS  = 20 // between two after that
)

// losses is what the transport lost to one peer since its last reply.
type losses struct {
	count  int
	lastMS uint64 // when the core was last told
}

// lost tells whether the core shall be told of a loss now. If it is not, it
// repeats by itself after a heartbeat interval. mu is held.
func (n *Node) lost(to, nowMS uint64) bool {
	peer := n.losses[to]
	if peer.count >= lossesAtOnce && nowMS < peer.lastMS+lossPauseMS {
		return false
	}
	peer.count++
	peer.lastMS = nowMS
	n.losses[to] = peer
	return true
}

// heard tells that a peer has replied. mu is held.
func (n *Node) heard(from uint64) {
	if len(n.losses) > 0 {
		delete(n.losses, from)
	}
}
