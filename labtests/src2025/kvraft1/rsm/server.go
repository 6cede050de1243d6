package rsm

import (
	"bytes"
	"log"
	"sync"

	"6.5840/labgob"
	"6.5840/labrpc"
	tester "6.5840/tester1"
)

// What can be asked of the counter.
type (
	Inc  struct{} // add 1, and say what it comes to
	Null struct{} // do nothing
	Dec  struct{} // is only asked of servers that cannot have it done
)

// IncRep answers Inc, NullRep answers Null. DoOp returns pointers to them.
type (
	IncRep  struct{ N int }
	NullRep struct{}
)

// rsmSrv is one server's counter.
type rsmSrv struct {
	me  int
	rsm *RSM

	mu      sync.Mutex
	counter int
}

func makeRsmSrv(ends []*labrpc.ClientEnd, srv int, persister *tester.Persister, maxraftstate int) *rsmSrv {
	for _, command := range []any{Op{}, Inc{}, Null{}, Dec{}} {
		labgob.Register(command)
	}
	s := &rsmSrv{me: srv}
	s.rsm = MakeRSM(ends, srv, persister, maxraftstate, s)
	return s
}

// DoOp implements StateMachine.
func (s *rsmSrv) DoOp(req any) any {
	switch req.(type) {
	case Inc:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.counter++
		return &IncRep{s.counter}
	case Null:
		return &NullRep{}
	}
	log.Fatalf("server %d was given %T to execute, which no majority can have agreed on", s.me, req)
	return nil
}

// Snapshot implements StateMachine.
func (s *rsmSrv) Snapshot() []byte {
	var data bytes.Buffer
	if err := labgob.NewEncoder(&data).Encode(s.value()); err != nil {
		log.Fatalf("snapshot encode error: %v", err)
	}
	return data.Bytes()
}

// Restore implements StateMachine.
func (s *rsmSrv) Restore(snapshot []byte) {
	var counter int
	if err := labgob.NewDecoder(bytes.NewReader(snapshot)).Decode(&counter); err != nil {
		log.Fatalf("snapshot decode error: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counter = counter
}

func (s *rsmSrv) value() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counter
}
