module pontoon.dev/peers

go 1.25.0

require (
	// What hashicorp/raft encodes its messages with on a network.
	github.com/hashicorp/go-msgpack/v2 v2.1.5
	// A Raft to compare with: that of Consul, Nomad and Vault.
	github.com/hashicorp/raft v1.8.0
	// A Raft to compare with: that of etcd. 3.6 is the last series that builds with Go 1.25.
	go.etcd.io/raft/v3 v3.6.0
	// Pontoon, the lab's interface, and the encoding of commands.
	pontoon.dev/go-shim v0.0.0
)

require (
	github.com/fatih/color v1.13.0 // indirect
	github.com/gogo/protobuf v1.3.2 // indirect
	github.com/golang/protobuf v1.5.4 // indirect
	github.com/hashicorp/go-hclog v1.6.3 // indirect
	github.com/hashicorp/go-immutable-radix v1.3.1 // indirect
	github.com/hashicorp/go-metrics v0.7.0 // indirect
	github.com/hashicorp/golang-lru v1.0.2 // indirect
	github.com/mattn/go-colorable v0.1.12 // indirect
	github.com/mattn/go-isatty v0.0.14 // indirect
	golang.org/x/sys v0.47.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace pontoon.dev/go-shim => ../../go-shim
