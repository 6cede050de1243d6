package kvraft

// Part A: a service without snapshots. Part B is in testb_test.go.

import (
	"testing"
	"time"
)

func TestBasic3A(t *testing.T) {
	GenericTest(t, "3A", 1, 5, false, false, false, -1, false)
}

func TestSpeed3A(t *testing.T) {
	testSpeed(t, "3A", -1)
}

func TestConcurrent3A(t *testing.T) {
	GenericTest(t, "3A", 5, 5, false, false, false, -1, false)
}

func TestUnreliable3A(t *testing.T) {
	GenericTest(t, "3A", 5, 5, true, false, false, -1, false)
}

func TestUnreliableOneKey3A(t *testing.T) {
	const clients = 5
	const appends = 10
	cfg := make_config(t, 3, true, -1)
	defer cfg.cleanup()
	h := &testHistory{cfg: cfg}
	auditor := h.client(cfg.All())

	cfg.begin("Test: concurrent append to same key, unreliable (3A)")
	auditor.Put("k", "")

	done := make(chan struct{}, clients)
	for i := 0; i < clients; i++ {
		go func(i int, c *testClient) {
			for j := 0; j < appends; j++ {
				c.Append("k", testValue(i, j))
			}
			done <- struct{}{}
		}(i, h.client(cfg.All()))
	}
	for i := 0; i < clients; i++ {
		<-done
	}

	value := auditor.Get("k")
	for i := 0; i < clients; i++ {
		if wrong := testAppends(value, i, appends); wrong != "" {
			t.Fatal(wrong)
		}
	}
	cfg.end()
}

// A leader without a majority must not answer, not even a Get: it cannot know
// what the others have done without it.
func TestOnePartition3A(t *testing.T) {
	cfg := make_config(t, 5, false, -1)
	defer cfg.cleanup()
	h := &testHistory{cfg: cfg}
	everywhere := h.client(cfg.All())
	everywhere.Put("1", "13")

	cfg.begin("Test: progress in majority (3A)")
	p1, p2 := cfg.make_partition()
	cfg.partition(p1, p2)
	majority := h.client(p1)
	putter, getter := h.client(p2), h.client(p2)
	majority.Put("1", "14")
	majority.check("1", "14")
	cfg.end()

	cfg.begin("Test: no progress in minority (3A)")
	put, got := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(put)
		putter.Put("1", "15")
	}()
	go func() {
		defer close(got)
		getter.Get("1")
	}()
	select {
	case <-put:
		t.Fatal("a Put has been done in a minority")
	case <-got:
		t.Fatal("a Get has been answered in a minority")
	case <-time.After(1 * time.Second):
	}
	majority.check("1", "14")
	majority.Put("1", "16")
	majority.check("1", "16")
	cfg.end()

	cfg.begin("Test: completion after heal (3A)")
	cfg.ConnectAll()
	cfg.ConnectClient(putter.store.(*Clerk), cfg.All())
	cfg.ConnectClient(getter.store.(*Clerk), cfg.All())
	time.Sleep(electionTimeout)
	select {
	case <-put:
	case <-time.After(3 * time.Second):
		t.Fatal("the Put has not been done after the servers can reach each other again")
	}
	// Of the Get nothing is demanded.
	everywhere.check("1", "15")
	cfg.end()
}

func TestManyPartitionsOneClient3A(t *testing.T) {
	GenericTest(t, "3A", 1, 5, false, false, true, -1, false)
}

func TestManyPartitionsManyClients3A(t *testing.T) {
	GenericTest(t, "3A", 5, 5, false, false, true, -1, false)
}

func TestPersistOneClient3A(t *testing.T) {
	GenericTest(t, "3A", 1, 5, false, true, false, -1, false)
}

func TestPersistConcurrent3A(t *testing.T) {
	GenericTest(t, "3A", 5, 5, false, true, false, -1, false)
}

func TestPersistConcurrentUnreliable3A(t *testing.T) {
	GenericTest(t, "3A", 5, 5, true, true, false, -1, false)
}

func TestPersistPartition3A(t *testing.T) {
	GenericTest(t, "3A", 5, 5, false, true, true, -1, false)
}

func TestPersistPartitionUnreliable3A(t *testing.T) {
	GenericTest(t, "3A", 5, 5, true, true, true, -1, false)
}

func TestPersistPartitionUnreliableLinearizable3A(t *testing.T) {
	GenericTest(t, "3A", 15, 7, true, true, true, -1, true)
}
