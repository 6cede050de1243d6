package kvraft

import "6.5840/labrpc"

// Clerk is a client's access to the service. Each belongs to one goroutine.
type Clerk struct {
	servers []*labrpc.ClientEnd

	// Your fields here.
}

// MakeClerk returns a Clerk for the servers at these ends. Their order means
// nothing: it differs from clerk to clerk.
func MakeClerk(servers []*labrpc.ClientEnd) *Clerk {
	ck := &Clerk{servers: servers}

	// Your initialisation here.

	return ck
}

// Get returns the value of key, "" if it has none. It tries until a server
// answers, however long that takes. A call looks like this:
//
//	ok := ck.servers[i].Call("KVServer.Get", &args, &reply)
//
// The types of args and reply have to be those of the handler, pointers
// included.
func (ck *Clerk) Get(key string) string {
	// Your code here.
	return ""
}

// PutAppend does a Put or an Append, as op says. It tries until a server
// answers, but what it asks for must happen once.
func (ck *Clerk) PutAppend(key string, value string, op string) {
	// Your code here.
}

// Put sets the value of key.
func (ck *Clerk) Put(key string, value string) {
	ck.PutAppend(key, value, "Put")
}

// Append adds value to the end of the value of key, which may be missing.
func (ck *Clerk) Append(key string, value string) {
	ck.PutAppend(key, value, "Append")
}
