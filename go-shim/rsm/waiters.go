package rsm

// waiter is a call that waits for what becomes of an entry.
type waiter struct {
	index, term uint64
	command     command
	settled     bool
	done        chan struct{} // closed when settled; answer and err are set then
	answer      []byte
	err         error
}

// waiters are those of an RSM, whose lock guards them. Each is settled once: by
// what comes to stand at its index, or by what makes that uncertain.
type waiters struct {
	// Indexes ascend: a leader's entries have ascending indexes, and a waiter
	// of an earlier term is settled before one of a later term comes to its
	// index. Settled ones may still be there.
	queue []*waiter
	live  int // those not settled
}

func (ws *waiters) add(w *waiter) {
	for n := len(ws.queue); n > 0 && ws.queue[n-1].index >= w.index; n-- {
		ws.settle(ws.queue[n-1], nil, ErrLeadershipLost)
		ws.queue[n-1] = nil
		ws.queue = ws.queue[:n-1]
	}
	ws.queue = append(ws.queue, w)
	ws.live++
}

func (ws *waiters) settle(w *waiter, answer []byte, err error) {
	if w.settled {
		return
	}
	w.settled, w.answer, w.err = true, answer, err
	ws.live--
	close(w.done)
}

// upTo removes the waiters of indexes up to this one and gives each to f.
func (ws *waiters) upTo(index uint64, f func(w *waiter)) {
	for len(ws.queue) > 0 && ws.queue[0].index <= index {
		f(ws.queue[0])
		ws.queue[0] = nil
		ws.queue = ws.queue[1:]
	}
}

// applied settles the waiters up to an entry that was applied. The lab's logs
// do not tell an entry's term: there the command alone tells whose entry it
// is. It is enough, for what is the same command has the same answer.
func (ws *waiters) applied(index uint64, c command, answer []byte, err error) {
	ws.upTo(index, func(w *waiter) {
		if w.index == index && w.command.same(c) {
			if !w.settled {
				w.command.value = c.value
			}
			ws.settle(w, answer, err)
		} else {
			ws.settle(w, nil, ErrSuperseded)
		}
	})
}

// fail settles those that condition holds for.
func (ws *waiters) fail(err error, condition func(w *waiter) bool) {
	for _, w := range ws.queue {
		if condition(w) {
			ws.settle(w, nil, err)
		}
	}
}
