package etcd

import (
	"testing"

	"pontoon.dev/go-shim/lab"
	"pontoon.dev/peers/internal/labtest"
)

func TestLab(t *testing.T) {
	labtest.Run(t, func(o lab.Options) labtest.Raft { return Make(o) })
}
