package publish

import (
	"fmt"

	"github.com/distaff-project/distaff/shared/modulemd"
	"github.com/distaff-project/distaff/shared/productmd"
)

// ModulesIn gives the modules that modules.yaml of a tree tells of.
func ModulesIn(arch string, document []byte) ([]Module, error) {
	if len(document) == 0 {
		return nil, nil
	}
	index, err := modulemd.Parse(document)
	if err != nil {
		return nil, fmt.Errorf("modules of %s: %w", arch, err)
	}
	var all []Module
	for _, s := range index.Streams {
		all = append(all, Module{Arch: arch, RPMs: s.Artifacts, ModuleName: productmd.ModuleName{
			Context: s.Context, Name: s.Name, Stream: s.Stream, UID: s.String(), Version: s.Version,
			// The Module Build Service names its tags so.
			KojiTag: "module-" + s.Name + "-" + s.Stream + "-" + s.Version + "-" + s.Context,
		}})
	}
	return all, nil
}
