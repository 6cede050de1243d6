// Package kvraft is a key/value service of replicated servers, with the tests
// that judge it. The parts to write are client.go and this file; what stands in
// them compiles and does nothing.
package kvraft

import (
	"sync/atomic"

	"6.5840/kvraft1/rsm"
	"6.5840/kvsrv1/rpc"
	"6.5840/labgob"
	"6.5840/labrpc"
	tester "6.5840/tester1"
)

// KVServer is one server.
type KVServer struct {
	me   int
	dead int32 // atomic; set by Kill
	rsm  *rsm.RSM

	// Your fields here.
}

// DoOp implements rsm.StateMachine. A request is an rpc.GetArgs or rpc.PutArgs.
func (kv *KVServer) DoOp(req any) any {
	// Your code here.
	return nil
}

// Snapshot implements rsm.StateMachine.
func (kv *KVServer) Snapshot() []byte {
	// Your code here.
	return nil
}

// Restore implements rsm.StateMachine.
func (kv *KVServer) Restore(snapshot []byte) {
	// Your code here.
}

// Get is the handler of Clerk.Get.
func (kv *KVServer) Get(args *rpc.GetArgs, reply *rpc.GetReply) {
	// Your code here.
}

// Put is the handler of Clerk.Put.
func (kv *KVServer) Put(args *rpc.PutArgs, reply *rpc.PutReply) {
	// Your code here.
}

// Kill tells the server that it is not needed any more. Its Raft is killed by
// the tests, right after.
func (kv *KVServer) Kill() {
	atomic.StoreInt32(&kv.dead, 1)

	// Your code here, if any.
}

func (kv *KVServer) killed() bool {
	return atomic.LoadInt32(&kv.dead) == 1
}

// StartKVServer starts the server servers[me] of group gid, with what persister
// kept from before a crash, if anything. It takes a snapshot when the Raft state
// grows to maxraftstate bytes; never if that is -1. It must return soon, and its
// Raft among the server's parts.
func StartKVServer(servers []*labrpc.ClientEnd, gid tester.Tgid, me int, persister *tester.Persister, maxraftstate int) []tester.IService {
	// So that they may be commands, which are interfaces.
	for _, command := range []any{rsm.Op{}, rpc.GetArgs{}, rpc.PutArgs{}} {
		labgob.Register(command)
	}

	kv := &KVServer{me: me}
	kv.rsm = rsm.MakeRSM(servers, me, persister, maxraftstate, kv)

	// Your initialisation here.

	return []tester.IService{kv, kv.rsm.Raft()}
}
