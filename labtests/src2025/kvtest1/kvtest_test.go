package kvtest

import (
	"strings"
	"testing"

	"6.5840/kvsrv1/rpc"
	"6.5840/models1"
	tester "6.5840/tester1"
	"github.com/anishathalye/porcupine"
)

// store is a service, with what is wrong with it.
type store struct {
	values    map[string]string
	versions  map[string]rpc.Tversion
	previous  string // value
	forgets   bool   // Puts
	stale     bool   // Gets return what was there before
	crashes   bool   // all is lost now and then
	denies    bool   // a Put is done, and said not to be
	countsBy2 bool
	mute      bool // Puts return nothing
	shy       bool // Puts are maybe done
}

func (s *store) Get(key string) (string, rpc.Tversion, rpc.Err) {
	version := s.versions[key]
	switch {
	case version == 0:
		return "", 0, rpc.ErrNoKey
	case s.stale && version > 1:
		return s.previous, version - 1, rpc.OK
	}
	return s.values[key], version, rpc.OK
}

func (s *store) Put(key, value string, version rpc.Tversion) rpc.Err {
	now := s.versions[key]
	switch {
	case s.mute:
		return ""
	case s.forgets:
		return rpc.OK
	case version != now && now == 0:
		return rpc.ErrNoKey
	case version != now:
		return rpc.ErrVersion
	}
	s.previous, s.values[key], s.versions[key] = s.values[key], value, now+1
	if s.countsBy2 {
		s.versions[key]++
	}
	switch {
	case s.denies && now == 1:
		return rpc.ErrVersion
	case s.shy:
		return rpc.ErrMaybe
	}
	return rpc.OK
}

func TestClients(t *testing.T) {
	for want, s := range map[string]*store{
		"":                                      {},
		"nothing either":                        {shy: true},
		`returned "ErrVersion", a Get returned`: {stale: true},
		`of version 0 returned "ErrNoKey"`:      {forgets: true},
		`of version 1 returned "ErrNoKey"`:      {crashes: true},
		"but the value after that is client":    {denies: true},
		"version 2 came with the value":         {countsBy2: true},
		`a Put of version 0 returned ""`:        {mute: true},
	} {
		s.values, s.versions = map[string]string{}, map[string]rpc.Tversion{}
		ts := &Test{Config: &tester.Config{}}
		clients := make([]*client, 2)
		for i := range clients {
			ck := &TestClerk{clerk: s, ts: ts, id: i}
			clients[i] = &client{id: i, ck: ck, versions: map[string]rpc.Tversion{}}
		}
		var total Outcome
		for round := 0; round < 3; round++ {
			for _, c := range clients {
				c.put(key)
			}
			if s.crashes {
				s.versions = map[string]rpc.Tversion{}
			}
		}
		for _, c := range clients {
			total.Add(c.outcome)
		}
		right := want == "" || s.shy
		if right && total.Wrong != "" || !right && !strings.Contains(total.Wrong, want) {
			t.Errorf("got %q, want %q", total.Wrong, want)
		}
		if right && total.OK+total.Maybe != 6 {
			t.Errorf("%d Puts and %d maybe", total.OK, total.Maybe)
		}
		if got := porcupine.CheckOperations(models.KvModel, ts.operations); got != right && !s.countsBy2 {
			t.Errorf("%q: linearizable is %v", want, got)
		}
	}
}
