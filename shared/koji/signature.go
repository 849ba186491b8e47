package koji

import (
	"context"
	"errors"
	"strings"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// BuildRPMs lists the package files of builds, in the order of their numbers
// given. A number without a build has none, as has a build without packages.
func (h *Hub) BuildRPMs(ctx context.Context, builds []int64) ([][]RPM, error) {
	return each(ctx, h, builds, func(id int64, out *[]RPM) Call {
		return Call{Method: "listBuildRPMs", Args: []any{id}, Read: func(r *xmlrpc.Reader) {
			*out = nil
			for range rows(r, mostRows) {
				*out = append(*out, ReadRPM(r))
			}
		}}
	}, nil)
}

// Signatures lists for each RPM, by number, the keys the hub has a signature of:
// eight hex digits each, and "" for the file as it was built. Whether a copy
// signed with a key lies among the files is not said: it is written later, and
// removed earlier.
func (h *Hub) Signatures(ctx context.Context, rpms []int64) ([][]string, error) {
	return each(ctx, h, rpms, func(id int64, out *[]string) Call {
		return Call{Method: "queryRPMSigs", Args: []any{id}, Read: func(r *xmlrpc.Reader) {
			*out = nil
			for range rows(r, mostRows) {
				for name := range r.Members() {
					if name == "sigkey" {
						*out = append(*out, r.Text())
					}
				}
			}
		}}
	}, nil)
}

// Checksum is the sha256 of a package file, in hex: of the copy signed with
// Sigkey, or of the file as it was built, which has none.
type Checksum struct{ Sigkey, SHA256 string }

// Checksums gives the checksums the hub has stored, of each RPM by its number. A
// copy that is not in the answer has none stored, which is common: a hub stores
// one when it writes a signed copy, and for the file as it was built only once
// somebody has asked it to. With compute the hub is asked to: it then reads
// every file it has no checksum of, which takes it as long as that takes.
//
// A hub before 1.32 has no checksums: the error is then an ErrNoCall.
func (h *Hub) Checksums(ctx context.Context, rpms []int64, compute bool) ([][]Checksum, error) {
	kinds, options := []string{"sha256"}, xmlrpc.Kwargs{"cacheonly": !compute}
	return each(ctx, h, rpms, func(id int64, out *[]Checksum) Call {
		return Call{Method: "getRPMChecksums", Args: []any{id, kinds, options}, Read: func(r *xmlrpc.Reader) {
			*out = readChecksums(r)
		}}
	}, func(err error) bool {
		var fault *Fault
		return errors.As(err, &fault) && (strings.HasPrefix(fault.Text, "No such rpm: ") ||
			compute && fault.Code == FaultOther) // a file that is to be read is gone
	})
}

func readChecksums(r *xmlrpc.Reader) []Checksum {
	var sums []Checksum
	for key := range r.Members() {
		for kind := range r.Members() {
			if kind != "sha256" {
				continue
			}
			if sum := r.Text(); hexDigits(sum, 64) && len(sums) < mostRows {
				sums = append(sums, Checksum{Sigkey: key, SHA256: sum})
			}
		}
	}
	return sums
}

// each makes one call for each number and gives the answers in their order. A
// fault that pass accepts leaves that answer empty. The calls are made up in
// portions, so that those for a whole tag do not stand in memory at once.
func each[T any](ctx context.Context, h *Hub, ids []int64, call func(int64, *T) Call, pass func(error) bool) ([]T, error) {
	const portion = 2 * requestsAtOnce * callsAtOnce
	out := make([]T, len(ids))
	calls := make([]Call, 0, min(len(ids), portion))
	for start := 0; start < len(ids); start += portion {
		calls = calls[:0]
		for i := start; i < min(start+portion, len(ids)); i++ {
			calls = append(calls, call(ids[i], &out[i]))
		}
		errs, err := h.MultiCall(ctx, calls)
		if err != nil {
			return nil, err
		}
		for _, err := range errs {
			if err != nil && (pass == nil || !pass(err)) {
				return nil, err
			}
		}
	}
	return out, nil
}

// hexDigits tells whether text is so many lower-case hex digits.
func hexDigits(text string, count int) bool {
	if len(text) != count {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
