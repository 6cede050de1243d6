package raft

import "time"

// probeFlight is a command on its way.
type probeFlight struct {
	id, index int
	server    *probeServer
	began     time.Time
}

// outstanding keeps n commands on their way: one goroutine starts another as soon
// as the leader has applied the oldest. What a change of leader loses is no op.
func (l *probeLoad) outstanding(n int) {
	flights := make(chan probeFlight, n)
	free := make(chan bool, n)
	for i := 0; i < n; i++ {
		free <- true
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		alarm := time.NewTicker(250 * time.Millisecond)
		defer alarm.Stop()
		for f := range flights {
			if l.wait(f.server, f.index, f.id, alarm.C) {
				l.latencies = append(l.latencies, time.Since(f.began))
				l.expected[f.id] = f.index
			}
			free <- true
		}
	}()
	for id := 0; id < l.commands && time.Now().Before(l.deadline); id++ {
		<-free
		began := time.Now()
		server, index, _, ok := l.submit(id)
		if !ok {
			break
		}
		flights <- probeFlight{id, index, server, began}
	}
	close(flights)
	<-done
}
