// Package kvtest has what the tests of the key/value labs have in common:
// clients, what these do, and what may be demanded of what they get.
package kvtest

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"6.5840/kvsrv1/rpc"
	"6.5840/models1"
	"6.5840/tester1"
	"github.com/anishathalye/porcupine"
)

// IKVClerk is a client's access to the service. Get and Put try until a server
// answers, however long that takes.
type IKVClerk interface {
	Get(key string) (string, rpc.Tversion, rpc.Err)
	Put(key string, value string, version rpc.Tversion) rpc.Err
}

// ClerkMaker makes the clerk under test, which calls the servers through clnt.
type ClerkMaker func(clnt *tester.Clnt) IKVClerk

// linearizabilityLimit is how long a history may be looked at.
const linearizabilityLimit = 1 * time.Second

// Test is one test's servers, and what its clients have done.
type Test struct {
	*tester.Config
	maker  ClerkMaker
	moment int64 // atomic; a clock that ticks whenever an operation begins or ends

	mu         sync.Mutex
	clerks     int
	operations []porcupine.Operation
}

// MakeTest makes a test of the servers of cfg, for clerks that maker makes.
func MakeTest(cfg *tester.Config, maker ClerkMaker) *Test {
	return &Test{Config: cfg, maker: maker}
}

// Cleanup ends the test, and reports what it took if it has passed.
func (ts *Test) Cleanup() {
	ts.End()
	ts.Config.Cleanup()
	ts.CheckTimeout()
}

// Failf fails the test. Only the test's own goroutine may call it.
func (ts *Test) Failf(format string, args ...any) {
	tester.AnnotateCheckerFailure(fmt.Sprintf(format, args...), "")
	ts.Fatalf(format, args...)
}

// TestClerk is a clerk that counts and records its operations. Each belongs to
// one goroutine.
type TestClerk struct {
	Clnt  *tester.Clnt
	clerk IKVClerk
	ts    *Test
	id    int
}

// MakeClerk makes a clerk that can reach every server.
func (ts *Test) MakeClerk() *TestClerk { return ts.makeClerk(ts.MakeClient()) }

// MakeClerkTo makes a clerk that can reach the servers of these names.
func (ts *Test) MakeClerkTo(servers []string) *TestClerk {
	return ts.makeClerk(ts.MakeClientTo(servers))
}

func (ts *Test) makeClerk(clnt *tester.Clnt) *TestClerk {
	ts.mu.Lock()
	id := ts.clerks
	ts.clerks++
	ts.mu.Unlock()
	return &TestClerk{Clnt: clnt, clerk: ts.maker(clnt), ts: ts, id: id}
}

// DeleteClerk ends a clerk that is not in use.
func (ts *Test) DeleteClerk(ck *TestClerk) { ts.DeleteClient(ck.Clnt) }

// Get implements IKVClerk.
func (ck *TestClerk) Get(key string) (string, rpc.Tversion, rpc.Err) {
	var out models.KvOutput
	ck.do(models.KvInput{Op: models.OpGet, Key: key}, &out, func() {
		out.Value, out.Version, out.Err = ck.clerk.Get(key)
	})
	return out.Value, out.Version, out.Err
}

// Put implements IKVClerk.
func (ck *TestClerk) Put(key string, value string, version rpc.Tversion) rpc.Err {
	var out models.KvOutput
	ck.do(models.KvInput{Op: models.OpPut, Key: key, Value: value, Version: version}, &out, func() {
		out.Err = ck.clerk.Put(key, value, version)
	})
	return out.Err
}

func (ck *TestClerk) do(in models.KvInput, out *models.KvOutput, f func()) {
	ck.ts.Op()
	// Of moments, unlike of times, no two are equal.
	call := atomic.AddInt64(&ck.ts.moment, 1)
	f()
	end := atomic.AddInt64(&ck.ts.moment, 1)

	ck.ts.mu.Lock()
	defer ck.ts.mu.Unlock()
	ck.ts.operations = append(ck.ts.operations, porcupine.Operation{
		ClientId: ck.id, Call: call, Return: end, Input: in, Output: *out,
	})
}

// CheckLinearizable demands that the history is linearizable, unless that takes
// longer than a second to find out; virtual time has no such limit. All
// operations have ended.
func (ts *Test) CheckLinearizable() {
	tester.AnnotateCheckerBegin("is the history linearizable?")
	ts.mu.Lock()
	defer ts.mu.Unlock()
	switch porcupine.CheckOperationsTimeout(models.KvModel, ts.operations, linearizabilityLimit) {
	case porcupine.Illegal:
		ts.Failf("the history is not linearizable; %s", ts.picture())
	case porcupine.Unknown:
		fmt.Printf("info: the linearizability check ran out of time, the history is taken for linearizable\n")
		tester.AnnotateCheckerNeutral("not known", "")
	default:
		tester.AnnotateCheckerSuccess("it is", "")
	}
}

// picture draws the history and says where it is. Needs mu.
func (ts *Test) picture() string {
	_, info := porcupine.CheckOperationsVerbose(models.KvModel, ts.operations, linearizabilityLimit)
	file, err := os.CreateTemp("", "kvraft-history-*.html")
	if err == nil {
		err = porcupine.Visualize(models.KvModel, info, file)
		file.Close()
	}
	if err != nil {
		return fmt.Sprintf("no picture of it: %v", err)
	}
	return "see " + file.Name()
}
