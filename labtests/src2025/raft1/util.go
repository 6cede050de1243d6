package raft

import "log"

// Debug switches DPrintf on.
const Debug = false

// DPrintf is log.Printf while Debug is set.
func DPrintf(format string, a ...interface{}) {
	if Debug {
		log.Printf(format, a...)
	}
}
