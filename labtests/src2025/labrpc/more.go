package labrpc

import "log"

// The limits of the network's delays, in milliseconds.
const (
	SHORTDELAY = 27              // a request's, on an unreliable network
	LONGDELAY  = 7000            // a failure's, with long delays
	MAXDELAY   = LONGDELAY + 100 // no call outlasts its handler by more, except for reordering
)

// IsReliable tells whether the network delivers everything at once.
func (rn *Network) IsReliable() bool {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	return rn.reliable
}

// IsLongDelays tells whether a call that reaches no server fails late.
func (rn *Network) IsLongDelays() bool {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	return rn.longDelays
}

// DeleteEnd forgets a client end, whose calls will fail from now on. A name
// that no end has ends the process.
func (rn *Network) DeleteEnd(endname interface{}) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	if rn.ends[endname] == nil {
		log.Fatalf("labrpc: DeleteEnd: the network has no end named %v", endname)
	}
	delete(rn.ends, endname)
	delete(rn.enabled, endname)
	delete(rn.connections, endname)
}
