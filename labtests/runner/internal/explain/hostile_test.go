package explain

import (
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pontoon.dev/go-shim/trace"
)

// A trace may be damaged, or of a Raft that says nonsense: whatever is in it,
// reading it ends and does not take the program down.
func TestAnyEvents(t *testing.T) {
	for seed := range uint64(200) {
		tr := randomTrace(rand.New(rand.NewPCG(seed, 1)))
		found := Of(tr)
		for _, f := range found {
			if f.At < 0 || f.At >= len(tr.Events) || f.Because == "" || len(f.Context) == 0 {
				t.Fatalf("seed %d: %+v", seed, f)
			}
		}
		Write(io.Discard, tr, found)
	}
}

func randomTrace(r *rand.Rand) *trace.Trace {
	kinds := []trace.Kind{200}
	for k := trace.Run; k <= trace.Lost; k++ {
		kinds = append(kinds, k)
	}
	for k := trace.Timeout; k <= trace.Install; k++ {
		kinds = append(kinds, k)
	}
	number := func() uint64 {
		switch r.IntN(20) {
		case 0:
			return math.MaxUint64 - r.Uint64N(3)
		case 1:
			return r.Uint64() >> r.IntN(64)
		}
		return r.Uint64N(5)
	}
	t := &trace.Trace{Full: r.IntN(4) == 0}
	at := time.Duration(0)
	for range r.IntN(300) {
		at += time.Duration(r.IntN(int(50 * time.Millisecond)))
		e := trace.Event{
			At: at, Server: r.IntN(5) - 1, Peer: r.IntN(5) - 1, Kind: kinds[r.IntN(len(kinds))], Role: trace.Role(r.IntN(4)),
			Flag: r.IntN(2) == 0, Term: number(), Index: number(), LogTerm: number(), Last: number(), Digest: number(),
		}
		if e.Kind >= trace.Send && e.Kind <= trace.Lost && r.IntN(10) > 0 {
			e.Message = &trace.Message{
				ID: r.Uint64N(40), Type: trace.Type(r.IntN(5)), Known: r.IntN(5) > 0, Term: number(), Index: number(),
				LogTerm: number(), Entries: r.IntN(5) - 1, EntriesTerm: number(), Commit: number(), OK: r.IntN(2) == 0,
			}
		}
		t.Events = append(t.Events, e)
	}
	return t
}
