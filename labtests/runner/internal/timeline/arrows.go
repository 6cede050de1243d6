package timeline

import "pontoon.dev/go-shim/trace"

// fate is what became of a message.
type fate int

const (
	underway fate = iota // still on its way when the trace ends
	arrived
	lost
)

// arrows has a row for each message, in the order they were sent: a request or
// an answer, from the event that sent it to the one that ended its way.
type arrows struct {
	From  ints `json:"from"`
	To    ints `json:"to"` // the last event, if still underway
	Fate  ints `json:"fate"`
	Beat  ints `json:"beat"`  // a heartbeat or its answer
	Other ints `json:"other"` // the row of the call's other message plus 1, or 0
}

// call is where an RPC stands: rows plus 1 of its request and of its answer.
type call struct {
	request, answer int
	beat            bool
	over            int // the event plus 1 at which the caller gave up
}

// newArrows pairs the events of each call. Calls of which the page has left
// something out are not drawn.
func newArrows(all []trace.Event, kept, place []int) arrows {
	var a arrows
	shown := make([]bool, len(all))
	for _, i := range kept {
		shown[i] = true
	}
	last := len(kept) - 1
	calls := map[uint64]*call{}
	begin := func(i int, beat bool) int {
		a.From = append(a.From, place[i])
		a.To = append(a.To, last)
		a.Fate = append(a.Fate, int(underway))
		a.Beat = append(a.Beat, bit(beat))
		a.Other = append(a.Other, 0)
		return len(a.From)
	}
	end := func(row, i int, f fate) {
		if row > 0 && a.Fate[row-1] == int(underway) {
			a.To[row-1], a.Fate[row-1] = place[i], int(f)
		}
	}
	for i := range all {
		e := &all[i]
		if !shown[i] || e.Message == nil {
			continue
		}
		c := calls[e.Message.ID]
		if e.Kind == trace.Send {
			beat := heartbeat(e.Message)
			calls[e.Message.ID] = &call{request: begin(i, beat), beat: beat}
			continue
		}
		if c == nil {
			continue
		}
		switch e.Kind {
		case trace.Handle:
			end(c.request, i, arrived)
		case trace.Reply:
			end(c.request, i, arrived)
			c.answer = begin(i, c.beat)
			a.Other[c.answer-1], a.Other[c.request-1] = c.request, c.answer
			if c.over > 0 {
				end(c.answer, i, lost)
			}
		case trace.Lost:
			if e.Flag {
				end(c.answer, i, lost)
			} else {
				end(c.request, i, lost)
			}
		case trace.Return:
			if !e.Flag {
				c.over = i + 1
				end(c.answer, i, lost)
				continue
			}
			end(c.request, i, arrived)
			end(c.answer, i, arrived)
		}
	}
	for _, c := range calls { // a request that came late is past its caller's end
		if c.over > 0 {
			end(c.request, c.over-1, lost)
		}
	}
	return a
}

// heartbeat tells that a request is an AppendEntries known to carry nothing.
func heartbeat(m *trace.Message) bool {
	return m.Type == trace.AppendEntries && m.Known && m.Entries == 0
}
