package labrpc

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Echo answers with its argument.
type Echo struct{}

func (Echo) Say(n int, reply *int) { *reply = n }

func TestSettings(t *testing.T) {
	rn := MakeNetwork()
	defer rn.Cleanup()
	if !rn.IsReliable() || rn.IsLongDelays() {
		t.Error("a new network is unreliable, or has long delays")
	}
	rn.Reliable(false)
	rn.LongDelays(true)
	if rn.IsReliable() || !rn.IsLongDelays() {
		t.Error("the settings are not what they were set to")
	}
}

func TestDeleteEnd(t *testing.T) {
	rn := MakeNetwork()
	defer rn.Cleanup()
	server := MakeServer()
	server.AddService(MakeService(Echo{}))
	rn.AddServer("server", server)
	newEnd := func() *ClientEnd {
		end := rn.MakeEnd("end")
		rn.Connect("end", "server")
		rn.Enable("end", true)
		return end
	}
	call := func(end *ClientEnd) bool {
		reply := 0
		return end.Call("Echo.Say", 7, &reply) && reply == 7
	}

	end := newEnd()
	if !call(end) {
		t.Fatal("the end carries no call")
	}
	rn.DeleteEnd("end")
	if call(end) {
		t.Error("a deleted end carries a call")
	}
	if !call(newEnd()) {
		t.Error("a new end of the old name carries no call")
	}
}

func TestDeleteEndOfNoName(t *testing.T) {
	const variable = "LABRPC_TEST_CHILD"
	if os.Getenv(variable) != "" {
		MakeNetwork().DeleteEnd("nobody's")
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDeleteEndOfNoName$")
	cmd.Env = append(os.Environ(), variable+"=1")
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); !ok || !strings.Contains(string(out), "no end named nobody's") {
		t.Errorf("the process ends with %v:\n%s", err, out)
	}
}
