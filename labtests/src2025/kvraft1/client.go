package kvraft

import (
	"6.5840/kvsrv1/rpc"
	kvtest "6.5840/kvtest1"
	tester "6.5840/tester1"
)

// Clerk is a client's access to the service. Each belongs to one goroutine.
type Clerk struct {
	clnt    *tester.Clnt
	servers []string

	// Your fields here.
}

// MakeClerk returns a Clerk for the servers of these names.
func MakeClerk(clnt *tester.Clnt, servers []string) kvtest.IKVClerk {
	ck := &Clerk{clnt: clnt, servers: servers}

	// Your initialisation here.

	return ck
}

// Get returns the value of key and its version, or rpc.ErrNoKey. It tries until
// a server answers, however long that takes. A call looks like this:
//
//	ok := ck.clnt.Call(ck.servers[i], "KVServer.Get", &args, &reply)
//
// The types of args and reply have to be those of the handler, pointers
// included.
func (ck *Clerk) Get(key string) (string, rpc.Tversion, rpc.Err) {
	// Your code here.
	return "", 0, ""
}

// Put sets the value of key if its version is this one, 0 if there is no such
// key, and counts the version up. Else it returns rpc.ErrVersion, or
// rpc.ErrNoKey if there is no such key. It tries until a server answers. If it
// had to ask again and is told of a wrong version, it cannot know whether that
// is its own doing: then it returns rpc.ErrMaybe.
func (ck *Clerk) Put(key string, value string, version rpc.Tversion) rpc.Err {
	// Your code here.
	return ""
}
