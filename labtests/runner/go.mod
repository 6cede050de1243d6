module pontoon.dev/labrun

go 1.25
