module pontoon.dev/go-shim

go 1.22
