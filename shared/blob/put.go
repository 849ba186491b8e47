package blob

// DefaultType is the media type of an object put without one.
const DefaultType = "application/octet-stream"

// PutOption says how an object is to be served.
type PutOption func(*PutSettings)

// PutSettings is what the options of one Put add up to, for those who write a
// store.
type PutSettings struct {
	Type         string // Content-Type, never empty
	CacheControl string // Cache-Control, empty for none
}

// Type sets the media type, such as "text/html; charset=utf-8".
func Type(media string) PutOption {
	return func(s *PutSettings) { s.Type = media }
}

// CacheControl sets for how long those between may keep the object, such as
// "no-cache" or "max-age=60".
func CacheControl(value string) PutOption {
	return func(s *PutSettings) { s.CacheControl = value }
}

// Settings adds up options.
func Settings(opts []PutOption) PutSettings {
	s := PutSettings{Type: DefaultType}
	for _, opt := range opts {
		opt(&s)
	}
	return s
}
