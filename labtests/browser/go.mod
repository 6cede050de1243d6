module pontoon.dev/labrun/browser

go 1.25

require (
	// Why: the names and types of Chromium's protocol, which chromedp's calls take.
	github.com/chromedp/cdproto v0.159.0
	// Why: drives a real Chromium through that protocol, so that pages are tested as a reader has them.
	github.com/chromedp/chromedp v0.23.0
)

// Why: what writes the pages.
require (
	pontoon.dev/go-shim v0.0.0
	pontoon.dev/labrun v0.0.0-00010101000000-000000000000
)

require github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect

replace (
	pontoon.dev/go-shim => ../../go-shim
	pontoon.dev/labrun => ../runner
)
