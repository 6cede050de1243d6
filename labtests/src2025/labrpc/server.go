package labrpc

import (
	"bytes"
	"log"
	"reflect"
	"sort"
	"strings"
	"sync"

	"6.5840/labgob"
)

// A Server is a set of services that share one name on the network.
type Server struct {
	mu       sync.Mutex
	services map[string]*Service
	count    int // requests dispatched
}

// MakeServer returns a server without services.
func MakeServer() *Server {
	return &Server{services: map[string]*Service{}}
}

// AddService adds svc under the name of its receiver's type.
func (rs *Server) AddService(svc *Service) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.services[svc.name] = svc
}

// GetCount returns the number of requests handed to this server.
func (rs *Server) GetCount() int {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.count
}

// dispatch runs the handler that req names, in the calling goroutine. A service
// or method that does not exist is a mistake in the program and ends it.
func (rs *Server) dispatch(req request) response {
	// The last dot, because a service name may have dots of its own.
	dot := strings.LastIndex(req.svcMeth, ".")
	method := req.svcMeth[dot+1:]
	service := req.svcMeth[:len(req.svcMeth)-len(method)]
	service = strings.TrimSuffix(service, ".")

	rs.mu.Lock()
	rs.count++
	svc := rs.services[service]
	var known []string
	if svc == nil {
		for name := range rs.services {
			known = append(known, name)
		}
	}
	rs.mu.Unlock()

	if svc == nil {
		sort.Strings(known)
		log.Fatalf("labrpc: no service %q for the call %s; this server has %v", service, req.svcMeth, known)
	}
	return svc.dispatch(method, req)
}

// A Service is an object some of whose methods can be called over the network.
type Service struct {
	name     string
	receiver reflect.Value
	methods  map[string]reflect.Method
}

// MakeService exposes the methods of receiver, usually a pointer, that are
// exported, take two arguments of which the second is a pointer, and return
// nothing. Other methods are passed over. The service is named after the
// receiver's type. Handlers run concurrently, each in its own goroutine.
func MakeService(receiver interface{}) *Service {
	svc := &Service{
		receiver: reflect.ValueOf(receiver),
		methods:  map[string]reflect.Method{},
	}
	svc.name = reflect.Indirect(svc.receiver).Type().Name()

	t := svc.receiver.Type()
	for i := 0; i < t.NumMethod(); i++ { // exported ones only
		m := t.Method(i)
		// The receiver counts as the first of three arguments.
		if m.Type.NumIn() == 3 && m.Type.In(2).Kind() == reflect.Ptr && m.Type.NumOut() == 0 {
			svc.methods[m.Name] = m
		}
	}
	return svc
}

func (svc *Service) dispatch(name string, req request) response {
	method, ok := svc.methods[name]
	if !ok {
		known := make([]string, 0, len(svc.methods))
		for n := range svc.methods {
			known = append(known, n)
		}
		sort.Strings(known)
		log.Fatalf("labrpc: no method %q for the call %s; %s has %v", name, req.svcMeth, svc.name, known)
	}

	// Arguments that do not decode arrive as far as they did.
	args := reflect.New(req.argsType)
	_ = labgob.NewDecoder(bytes.NewReader(req.args)).Decode(args.Interface())

	reply := reflect.New(method.Type.In(2).Elem())
	method.Func.Call([]reflect.Value{svc.receiver, args.Elem(), reply})

	var buf bytes.Buffer
	if err := labgob.NewEncoder(&buf).EncodeValue(reply); err != nil {
		log.Fatalf("labrpc: the reply of %s cannot be encoded: %v", req.svcMeth, err)
	}
	return response{ok: true, reply: buf.Bytes()}
}
