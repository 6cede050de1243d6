package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// watchPeak follows a process until it has ended, and returns the largest
// resident size in MB that it had, 0 where the system does not tell. What the
// system adds up for an ended process is of no use: a new process begins with
// the peak of the one that started it, which is larger than most tests.
func watchPeak(pid int, ended <-chan struct{}) float64 {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	peak := 0.0
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err == nil {
			peak = max(peak, peakOf(status))
		}
		select {
		case <-look.C:
		case <-ended:
			return peak
		}
	}
}

// peakOf finds the peak in a process's status, in MB.
func peakOf(status []byte) float64 {
	_, rest, found := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if !found || len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseFloat(string(fields[0]), 64)
	if err != nil {
		return 0
	}
	return kib * 1024 / 1e6
}
