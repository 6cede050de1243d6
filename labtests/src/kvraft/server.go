// Package kvraft is a key/value service of replicated servers, with the tests
// that judge it. The parts to write are client.go, common.go and this file; what
// stands in them compiles and does nothing.
package kvraft

import (
	"sync"
	"sync/atomic"

	"6.5840/labgob"
	"6.5840/labrpc"
	"6.5840/raft"
)

// Op is what the servers agree on: one client's operation.
type Op struct {
	// Your fields here. All are capitalised, or gob would drop them.
}

// KVServer is one server. The tests read rf.
type KVServer struct {
	mu      sync.Mutex
	me      int
	rf      *raft.Raft
	applyCh chan raft.ApplyMsg
	dead    int32 // atomic; set by Kill

	maxraftstate int // take a snapshot when the Raft state grows to that many bytes; -1: never

	// Your fields here.
}

// Get is the handler of Clerk.Get.
func (kv *KVServer) Get(args *GetArgs, reply *GetReply) {
	// Your code here.
}

// PutAppend is the handler of Clerk.Put and Clerk.Append.
func (kv *KVServer) PutAppend(args *PutAppendArgs, reply *PutAppendReply) {
	// Your code here.
}

// Kill tells the server that it is not needed any more. It returns without
// waiting: its caller may hold a lock.
func (kv *KVServer) Kill() {
	atomic.StoreInt32(&kv.dead, 1)
	kv.rf.Kill()

	// Your code here, if any.
}

func (kv *KVServer) killed() bool {
	return atomic.LoadInt32(&kv.dead) == 1
}

// StartKVServer starts the server servers[me], with what persister kept from
// before a crash, if anything: its Raft state, and the snapshot that the server
// gave to Raft. It must return soon, so what takes time belongs into goroutines.
func StartKVServer(servers []*labrpc.ClientEnd, me int, persister *raft.Persister, maxraftstate int) *KVServer {
	// So that an Op may be a command, which is an interface{}.
	labgob.Register(Op{})

	kv := &KVServer{me: me, maxraftstate: maxraftstate}

	// Your initialisation here.

	kv.applyCh = make(chan raft.ApplyMsg)
	kv.rf = raft.Make(servers, me, persister, kv.applyCh)

	// And here.

	return kv
}
