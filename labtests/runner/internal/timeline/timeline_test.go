package timeline

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/explain"
	"pontoon.dev/labrun/internal/timeline/sample"
)

// unpacked is the document that a page carries.
func unpacked(t *testing.T, page string) map[string]any {
	t.Helper()
	found := regexp.MustCompile(`<template id="data">([^<]*)</template>`).FindStringSubmatch(page)
	if found == nil {
		t.Fatal("the page has no data")
	}
	raw, err := base64.RawURLEncoding.DecodeString(found[1])
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.NewDecoder(z).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestPageHoldsTheRunAndReachesForNothing(t *testing.T) {
	run, findings := sample.Run(sample.Options{})
	var b strings.Builder
	if err := Write(&b, run, findings, "Title & <b>more</b>"); err != nil {
		t.Fatal(err)
	}
	doc := unpacked(t, b.String())
	if doc["title"] != "Title & <b>more</b>" || doc["servers"] != 5.0 || doc["total"] != float64(len(run.Events)) {
		t.Errorf("title %q, %v servers, %v events of %d", doc["title"], doc["servers"], doc["total"], len(run.Events))
	}
	if !strings.Contains(b.String(), "<title>Title &amp; &lt;b&gt;more&lt;/b&gt;</title>") {
		t.Error("the title is not escaped")
	}
	if found := regexp.MustCompile(`(?i)\b(src|href)\s*=\s*["']?[a-z]+:|@import|fetch\(|XMLHttpRequest|WebSocket`).FindString(b.String()); found != "" {
		t.Errorf("the page reaches for something: %s", found)
	}
}

func TestNothingInATraceIsMarkup(t *testing.T) {
	const evil = `</script></template><img src=x onerror=alert(1)><!--`
	run, findings := sample.Run(sample.Options{Command: evil})
	findings[0].Because, findings[0].Rule.Title = evil, evil
	for i := range run.Events {
		if run.Events[i].Kind == trace.Failure {
			run.Events[i].Text = evil
		}
	}
	var b strings.Builder
	if err := Write(&b, run, findings, evil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<img") {
		t.Error("text of the trace is in the page as markup")
	}
	if n := strings.Count(strings.ToLower(b.String()), "</script"); n != 2 {
		t.Errorf("%d ends of scripts, where the page has two scripts", n)
	}
	raw, _ := json.Marshal(unpacked(t, b.String()))
	if !strings.Contains(string(raw), "onerror") {
		t.Error("the command is not in the data either")
	}
}

func TestBadInputIsRefused(t *testing.T) {
	if err := Write(&strings.Builder{}, &trace.Trace{}, nil, ""); err == nil {
		t.Error("an empty trace is drawn")
	}
	run := &trace.Trace{Events: []trace.Event{{Kind: trace.Run, Server: trace.None, Peer: trace.None}}}
	if err := Write(&strings.Builder{}, run, []explain.Finding{{At: 7}}, ""); err == nil {
		t.Error("a finding of an event that is not there is drawn")
	}
	if err := Write(&strings.Builder{}, run, nil, ""); err != nil {
		t.Errorf("a trace of nothing but its beginning: %v", err)
	}
}

func TestAnyTraceIsDrawn(t *testing.T) {
	const big = 1 << 62
	var all []trace.Event
	for k := range 80 {
		for _, server := range []int{-5, trace.None, 0, 3, 31, 32, big} {
			all = append(all, trace.Event{Kind: trace.Kind(k), Server: server}, trace.Event{Kind: trace.Kind(k), Server: server, Peer: server - 1, Term: ^uint64(0), Index: ^uint64(0), Last: big,
				Role: 77, Text: "\xff\x00", Message: &trace.Message{ID: uint64(k % 3), Type: 9, Entries: -3, Known: k%2 == 0}})
		}
	}
	var b strings.Builder
	if err := Write(&b, &trace.Trace{Events: all, Full: true}, nil, ""); err != nil {
		t.Fatal(err)
	}
	if doc := unpacked(t, b.String()); doc["servers"] != 32.0 || !strings.Contains(b.String(), "data") {
		t.Errorf("%v servers, of which 32 have lanes", doc["servers"])
	}
}
