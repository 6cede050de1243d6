package browser

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/timeline/sample"
)

// check is something that a page does. It fails on the page in which breaks[0]
// is replaced by breaks[1]: what it guards, taken away.
type check struct {
	name   string
	run    func(*tab) error
	view   view
	sample sample.Options // of a timeline
	breaks [2]string
}

// hashes are of the scripts that a page runs. The browser runs none that was
// changed, so that a broken page must do without.
var hashes = regexp.MustCompile(`script-src .*?; style`)

// test runs the check on a page, and on the same page broken.
func (c check) test(t *testing.T, html string) {
	t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
		b := open(t, html, c.view)
		if err := c.run(b); err != nil {
			t.Error(err)
		}
		if err := nothingIsSaid(b); err != nil {
			t.Error(err)
		}
		if !strings.Contains(html, c.breaks[0]) {
			t.Fatalf("the page has nothing like %q to break", c.breaks[0])
		}
		html = hashes.ReplaceAllString(html, "script-src 'unsafe-inline'; style")
		broken, err := try(t, strings.ReplaceAll(html, c.breaks[0], c.breaks[1]), c.view)
		if err == nil && c.run(broken) == nil {
			t.Errorf("nothing is noticed when %q becomes %q", c.breaks[0], c.breaks[1])
		}
	})
}

func nothingIsSaid(b *tab) error {
	if bad := b.complaints(); len(bad) > 0 {
		return fmt.Errorf("the console has %q", bad)
	}
	return nil
}

// brightness is of the page's ground, from 0 to 765.
const brightness = `(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((a, v) => a + +v, 0))()`
