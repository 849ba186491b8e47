package koji

import (
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/wire"
)

// ErrUnknown says that a call which changes something was sent and no answer
// came back: the hub may have done it. Look before asking again.
var ErrUnknown = errors.New("the answer was lost, so whether the hub did it is not known")

// Fault is the hub's own word that it did not do a call, or the reason a task
// failed: both come in the same shape and with the same codes.
type Fault struct { //nolint:errname // the protocol calls it so
	Code int64
	Text string
}

// Codes of faults: the faultCode members of the exceptions in koji/__init__.py.
const (
	FaultOther        int64 = 1 // any Python exception that is not Koji's
	FaultGeneric      int64 = 1000
	FaultLock         int64 = 1001
	FaultAuth         int64 = 1002
	FaultTag          int64 = 1003
	FaultNotAllowed   int64 = 1004
	FaultBuild        int64 = 1005
	FaultAuthLock     int64 = 1006
	FaultAuthExpired  int64 = 1007
	FaultSequence     int64 = 1008
	FaultRetry        int64 = 1009
	FaultPreBuild     int64 = 1010
	FaultPostBuild    int64 = 1011
	FaultBuildroot    int64 = 1012
	FaultDeprecated   int64 = 1013
	FaultOffline      int64 = 1014
	FaultLiveCD       int64 = 1015
	FaultPlugin       int64 = 1016
	FaultCallback     int64 = 1017
	FaultAppliance    int64 = 1018
	FaultParameter    int64 = 1019
	FaultImport       int64 = 1020
	FaultConfig       int64 = 1021
	FaultLiveMedia    int64 = 1022
	FaultGSSAPI       int64 = 1023
	FaultName         int64 = 1024
	FaultContainer    int64 = 2001 // koji-containerbuild
	FaultContainerEnd int64 = 2002
)

// Error gives the name of the code and the text.
func (f *Fault) Error() string { return fmt.Sprintf("%s: %s", f.Name(), f.Text) }

// Temporary reports whether the same call may be answered later: the hub is
// offline, or something is locked for the moment.
func (f *Fault) Temporary() bool {
	switch f.Code {
	case FaultLock, FaultAuthLock, FaultOffline, FaultAuthExpired:
		return true
	}
	return false
}

// Name is the name of Koji's exception: "BuildError".
func (f *Fault) Name() string {
	names := map[int64]string{
		FaultGeneric: "GenericError", FaultLock: "LockError", FaultAuth: "AuthError",
		FaultTag: "TagError", FaultNotAllowed: "ActionNotAllowed", FaultBuild: "BuildError",
		FaultAuthLock: "AuthLockError", FaultAuthExpired: "AuthExpired",
		FaultSequence: "SequenceError", FaultRetry: "RetryError", FaultPreBuild: "PreBuildError",
		FaultPostBuild: "PostBuildError", FaultBuildroot: "BuildrootError",
		FaultDeprecated: "FunctionDeprecated", FaultOffline: "ServerOffline",
		FaultLiveCD: "LiveCDError", FaultPlugin: "PluginError", FaultCallback: "CallbackError",
		FaultAppliance: "ApplianceError", FaultParameter: "ParameterError",
		FaultImport: "ImportError", FaultConfig: "ConfigurationError",
		FaultLiveMedia: "LiveMediaError", FaultGSSAPI: "GSSAPIAuthError",
		FaultName: "NameValidationError", FaultContainer: "ContainerError",
		FaultContainerEnd: "ContainerCancelled",
	}
	if name, ok := names[f.Code]; ok {
		return name
	}
	return fmt.Sprintf("fault %d", f.Code)
}

// Temporary reports whether err may pass by itself. A lost answer does not
// count, because asking again may do the thing twice.
func Temporary(err error) bool {
	if errors.Is(err, ErrUnknown) {
		return false
	}
	var fault *Fault
	if errors.As(err, &fault) {
		return fault.Temporary()
	}
	return wire.Temporary(err)
}

func faultCode(err error) int64 {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault.Code
	}
	return 0
}
