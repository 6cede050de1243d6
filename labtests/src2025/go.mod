module 6.5840

go 1.22

// Decides whether the history of the key/value clients is linearizable, which takes a search that is hard to get right.
require github.com/anishathalye/porcupine v1.0.3
