package distaff

import "errors"

var errNoSink = errors.New("nowhere to send events to: set K_SINK")
