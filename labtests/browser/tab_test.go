// Package browser tests the HTML pages that labrun writes, in a real headless
// Chromium that has no network.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// shared is the one tab in which all pages are opened, one after the other.
var shared *tab

func TestMain(m *testing.M) { os.Exit(withBrowser(m)) }

func withBrowser(m *testing.M) int {
	profile, err := os.MkdirTemp("", "pontoon-browser-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(profile)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND")) // no name has an address
	if path := os.Getenv("CHROMIUM"); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	allocator, done := chromedp.NewExecAllocator(context.Background(), options...)
	defer done()
	b := &tab{}
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithListener(b.hear))
	defer cancel()
	b.ctx = ctx
	if err := b.cutOff(); err != nil {
		fmt.Fprintln(os.Stderr, "Chromium does not start:", err)
		fmt.Fprintln(os.Stderr, "Install it (apt-get install chromium), or say where it is: CHROMIUM=/path/to/chromium.")
		return 1
	}
	shared = b
	return m.Run()
}

// tab is a page that is open.
type tab struct {
	ctx context.Context
	mu  sync.Mutex
	bad []string // what the console had against it, and where it reached
}

// view is how a page is looked at.
type view struct {
	width, height int64
	dark          bool
	hash          string
}

// cutOff leaves the browser no network.
func (b *tab) cutOff() error {
	return all(
		call(b, network.Enable, network.EnableParams{}),
		call(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{{Offline: true}}}),
		call(b, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: true}),
	)
}

// open opens a page from disk. It returns once the page says that it is ready.
func open(t *testing.T, html string, v view) *tab {
	t.Helper()
	b, err := try(t, html, v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// try is open, for a page that may not get ready.
func try(t *testing.T, html string, v view) (*tab, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(html), 0o600); err != nil {
		t.Fatal(err)
	}
	if v.width == 0 {
		v.width, v.height = 1400, 900
	}
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	b := shared
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	err := chromedp.Do(b.ctx, chromedp.Navigate("about:blank")) // the page before has said all that it had to say
	b.mu.Lock()
	b.bad = nil
	b.mu.Unlock()
	err = all(err,
		call(b, emulation.SetEmulatedMedia, media),
		chromedp.Do(b.ctx, chromedp.EmulateViewport(v.width, v.height), chromedp.Navigate("file://"+file+v.hash)),
	)
	for ok := false; err == nil && !ok; {
		if ok, err = eval[bool](b, ready); err == nil && !ok && len(b.complaints()) > 0 {
			err = errors.New("it has complaints")
		}
	}
	if err != nil {
		err = fmt.Errorf("the page does not get ready: %w\nconsole: %s", err, strings.Join(b.complaints(), "\n"))
	}
	return b, err
}

// ready looks for some frames whether a page says that it is drawn, or that it
// cannot be.
const ready = `new Promise((done) => {
	const look = (frames) => {
		const is = document.body?.dataset.ready === "true" || document.documentElement.dataset.charts ||
			document.querySelector("[role=alert]:not([hidden])")?.textContent.includes("could not");
		is || !frames ? done(Boolean(is)) : requestAnimationFrame(() => look(frames - 1));
	};
	look(60);
})`

func call[P, R any](b *tab, command cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(b.ctx, command, params)
	return err
}

// hear keeps errors and whatever is not of the page's own file.
func (b *tab) hear(event any) {
	var said string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeLog && e.Type != runtime.ConsoleAPICalledTypeInfo {
			said = fmt.Sprintf("console.%s", e.Type)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			said = fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, "file:") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			said = "a request for " + url
		}
	}
	if said != "" {
		b.mu.Lock()
		b.bad = append(b.bad, said)
		b.mu.Unlock()
	}
}

func (b *tab) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.bad...)
}

// drawn waits until the page has drawn what was asked of it.
func (b *tab) drawn() error {
	_, err := eval[bool](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	return err
}

// eval is the value of a JavaScript expression, or of its promise.
func eval[T any](b *tab, expression string) (T, error) {
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
	if err != nil {
		err = fmt.Errorf("%s: %w", expression, err)
	}
	return v, err
}

// holds is an error with what the page has, unless expression is true.
func (b *tab) holds(expression string) error {
	ok, err := eval[bool](b, expression)
	if err == nil && !ok {
		err = fmt.Errorf("not so: %s", expression)
	}
	return err
}

// all is the first error of those.
func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// point is a place in the window.
type point struct{ X, Y float64 }

// mouse does what e says at p, and waits for the page.
func (b *tab) mouse(p point, e input.DispatchMouseEventParams) error {
	e.X, e.Y = p.X, p.Y
	if e.Type == chromedp.MousePressed || e.Type == chromedp.MouseReleased {
		e.Button, e.ClickCount = input.MouseButtonLeft, 1
	}
	return all(call(b, input.DispatchMouseEvent, e), b.drawn())
}

func (b *tab) hover(p point) error {
	return b.mouse(p, input.DispatchMouseEventParams{Type: chromedp.MouseMoved})
}

// wheel turns by pixels; the protocol wants both, and the library leaves out a 0.
func (b *tab) wheel(p point, dx, dy float64) error {
	const none = 1e-9
	return b.mouse(p, input.DispatchMouseEventParams{Type: chromedp.MouseWheel, DeltaX: dx + none, DeltaY: dy + none})
}

// drag presses at p, moves by dx and lets go; a click is a drag by nothing.
func (b *tab) drag(p point, dx float64) error {
	to := point{p.X + dx, p.Y}
	return all(b.hover(p), b.mouse(p, input.DispatchMouseEventParams{Type: chromedp.MousePressed, Buttons: 1}),
		b.mouse(to, input.DispatchMouseEventParams{Type: chromedp.MouseMoved, Buttons: 1}),
		b.mouse(to, input.DispatchMouseEventParams{Type: chromedp.MouseReleased}))
}

// click clicks the element that a selector finds.
func (b *tab) click(selector string) error {
	return all(chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector))), b.drawn())
}

func (b *tab) press(keys string) error {
	return all(chromedp.Do(b.ctx, chromedp.KeyEvent(keys)), b.drawn())
}

// pixels is a script's view of a canvas: its image, and how many of its pixels
// make one of the page's. It reads a copy, as reading makes the original slow.
const pixels = `(c) => {
	const copy = new OffscreenCanvas(c.width, c.height).getContext("2d", { willReadFrequently: true });
	copy.drawImage(c, 0, 0);
	return { scale: c.width / c.clientWidth, width: c.width, data: copy.getImageData(0, 0, c.width, c.height).data };
}`
