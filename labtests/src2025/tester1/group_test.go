//go:build go1.25

package tester

// Sleeps are exact and free in these tests: they run in virtual time.

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"6.5840/labrpc"
)

// bubble runs f in virtual time.
func bubble(t *testing.T, f func(t *testing.T)) {
	// The default of a module as old as this one rules bubbles out.
	t.Setenv("GODEBUG", "asynctimerchan=0")
	synctest.Test(t, f)
}

// echo is a part of a server that can be reached.
type echo struct {
	Part
	persister *Persister
}

// Reach answers with its argument.
func (*echo) Reach(n int, reply *int) { *reply = n }

// Part is a part of a server that remembers when it was killed.
type Part struct {
	name   string
	killed *[]string
}

func (p *Part) Kill() { *p.killed = append(*p.killed, p.name) }

// Kill saves too, which is too late.
func (e *echo) Kill() {
	e.persister.Save([]byte("written while dying"), nil)
	e.Part.Kill()
}

// rig is a group of echoes.
type rig struct {
	*Config
	g          *ServerGrp
	ends       map[string]*labrpc.ClientEnd // "0a1": of server 0's first life, to server 1
	lives      []int
	persisters []*Persister
	killed     []string
}

func newRig(t *testing.T, n int) *rig {
	r := &rig{ends: map[string]*labrpc.ClientEnd{}, lives: make([]int, n), persisters: make([]*Persister, n)}
	r.Config = MakeConfig(t, n, true, r.start)
	r.g = r.Group(GRP0)
	return r
}

func (r *rig) start(ends []*labrpc.ClientEnd, grp Tgid, srv int, persister *Persister) []IService {
	for j, end := range ends {
		r.ends[fmt.Sprintf("%d%c%d", srv, 'a'+r.lives[srv], j)] = end
	}
	r.lives[srv]++
	r.persisters[srv] = persister
	return []IService{
		&echo{Part{fmt.Sprint("first of ", srv), &r.killed}, persister},
		&Part{fmt.Sprint("second of ", srv), &r.killed},
	}
}

// reach lists the ends that carry calls.
func (r *rig) reach() string {
	var list []string
	for i := range r.lives {
		for life := 0; life < r.lives[i]; life++ {
			for j := range r.lives {
				name := fmt.Sprintf("%d%c%d", i, 'a'+life, j)
				if r.ends[name].Call("echo.Reach", 1, new(int)) {
					list = append(list, name)
				}
			}
		}
	}
	return strings.Join(list, " ")
}

func TestGroupConnect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, 3)
		defer r.Cleanup()
		const all = "0a0 0a1 0a2 1a0 1a1 1a2 2a0 2a1 2a2"
		for k, step := range []struct {
			change func()
			want   string
		}{
			{func() {}, all},
			{func() { r.g.DisconnectAll(1) }, "0a0 0a2 2a0 2a2"},
			{func() { r.g.DisconnectAll(0) }, "2a2"},
			{func() { r.g.ConnectOne(1) }, "1a1 1a2 2a1 2a2"},
			{r.g.ConnectAll, all},
			{func() { r.g.Partition([]int{0, 2}, []int{1}) }, "0a0 0a2 1a1 2a0 2a2"},
			{r.g.ConnectAll, all},
			{func() { r.g.ShutdownServer(2) }, "0a0 0a1 1a0 1a1"},
			{r.g.ConnectAll, "0a0 0a1 1a0 1a1 2a0 2a1"}, // the dead can call
			{func() { r.g.DisconnectAll(2); r.g.StartServer(2) }, "0a0 0a1 1a0 1a1"},
			{func() { r.g.ConnectOne(2) }, "0a0 0a1 0a2 1a0 1a1 1a2 2b0 2b1 2b2"},
		} {
			step.change()
			if got := r.reach(); got != step.want {
				t.Errorf("after step %d the ends that work are %q, not %q", k, got, step.want)
			}
		}
		if got := r.g.GetConnected(); !reflect.DeepEqual(got, []bool{true, true, true}) {
			t.Errorf("connected: %v", got)
		}
		// One call by every end that then led to it.
		if n := r.g.RpcCount(2); n != 3 {
			t.Errorf("server 2 got %d RPCs", n)
		}
	})
}

func TestGroupShutdown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.persisters[0].Save([]byte("state"), []byte("snapshot"))
		r.g.ShutdownServer(0)
		if want := []string{"first of 0", "second of 0"}; !reflect.DeepEqual(r.killed, want) {
			t.Errorf("killed %q", r.killed)
		}
		if n, m := r.g.LogSize(), r.g.SnapshotSize(); n != len("state") || m != len("snapshot") {
			t.Errorf("the largest state has %d bytes, the largest snapshot %d", n, m)
		}
		r.g.ShutdownServer(0) // has nothing to kill any more
		r.g.StartServer(0)
		if got := r.persisters[0]; string(got.ReadRaftState()) != "state" || string(got.ReadSnapshot()) != "snapshot" {
			t.Errorf("after the restart it has %q and %q", got.ReadRaftState(), got.ReadSnapshot())
		}
		if n := len(r.g.Services()); n != 4 {
			t.Errorf("%d parts run", n)
		}
		r.Cleanup()
		want := strings.Split("first of 0,second of 0,first of 0,second of 0,first of 1,second of 1", ",")
		if !reflect.DeepEqual(r.killed, want) {
			t.Errorf("killed %q", r.killed)
		}
	})
}

func TestGroups(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.Cleanup()
		started := 0
		r.MakeGroupStart(7, 2, func([]*labrpc.ClientEnd, Tgid, int, *Persister) []IService {
			started++
			return nil
		})
		if got := r.Group(7).SrvNames(); started != 2 || !reflect.DeepEqual(got, []string{"server-7-0", "server-7-1"}) {
			t.Errorf("%d servers started: %q", started, got)
		}
		r.ExitGroup(7)
		if r.Group(7) != nil {
			t.Error("the group is still there")
		}
	})
}

func TestMakePartition(t *testing.T) {
	for _, tt := range []struct {
		n, l   int
		p1, p2 []int
	}{
		{3, 0, []int{1, 2}, []int{0}},
		{5, 1, []int{0, 2, 3}, []int{4, 1}},
		{5, 4, []int{0, 1, 2}, []int{3, 4}},
	} {
		sg := &ServerGrp{servers: make([]server, tt.n)}
		if p1, p2 := sg.MakePartition(tt.l); !reflect.DeepEqual(p1, tt.p1) || !reflect.DeepEqual(p2, tt.p2) {
			t.Errorf("%d servers, leader %d: %v and %v", tt.n, tt.l, p1, p2)
		}
	}
}

func TestClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.Cleanup()
		one, two := ServerName(GRP0, 0), ServerName(GRP0, 1)
		clnt := r.MakeClient()
		reach := func(clnt *Clnt) (list string) {
			for _, name := range []string{one, two} {
				if clnt.Call(name, "echo.Reach", 1, new(int)) {
					list += name[len(name)-1:]
				}
			}
			return list
		}
		for k, step := range []struct {
			change func()
			want   string
		}{
			{func() {}, "01"},
			{func() { clnt.Disconnect(one) }, "1"},
			{clnt.DisconnectAll, ""},
			{func() { clnt.ConnectTo([]string{one}) }, "0"},
			{clnt.ConnectAll, "01"},
			{func() { r.DeleteClient(clnt) }, ""},
			{func() { r.DeleteClient(clnt) }, ""},
		} {
			step.change()
			if got := reach(clnt); got != step.want {
				t.Errorf("after step %d the client reaches %q, not %q", k, got, step.want)
			}
		}
		if got := reach(r.MakeClientTo([]string{two})); got != "1" {
			t.Errorf("a client of one server reaches %q", got)
		}
	})
}
