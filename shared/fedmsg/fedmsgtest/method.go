package fedmsgtest

import (
	"encoding/binary"
	"fmt"
)

const classBasic = 60

// A method is its class and its number in it.
const (
	connectionStart   = 10<<16 | 10
	connectionStartOK = 10<<16 | 11
	connectionTune    = 10<<16 | 30
	connectionTuneOK  = 10<<16 | 31
	connectionOpen    = 10<<16 | 40
	connectionOpenOK  = 10<<16 | 41
	connectionClose   = 10<<16 | 50
	connectionCloseOK = 10<<16 | 51

	channelOpen    = 20<<16 | 10
	channelOpenOK  = 20<<16 | 11
	channelFlow    = 20<<16 | 20
	channelFlowOK  = 20<<16 | 21
	channelClose   = 20<<16 | 40
	channelCloseOK = 20<<16 | 41

	exchangeDeclare   = 40<<16 | 10
	exchangeDeclareOK = 40<<16 | 11

	queueDeclare   = 50<<16 | 10
	queueDeclareOK = 50<<16 | 11
	queueBind      = 50<<16 | 20
	queueBindOK    = 50<<16 | 21
	queuePurge     = 50<<16 | 30
	queuePurgeOK   = 50<<16 | 31
	queueDelete    = 50<<16 | 40
	queueDeleteOK  = 50<<16 | 41
	queueUnbind    = 50<<16 | 50
	queueUnbindOK  = 50<<16 | 51

	basicQos       = classBasic<<16 | 10
	basicQosOK     = classBasic<<16 | 11
	basicConsume   = classBasic<<16 | 20
	basicConsumeOK = classBasic<<16 | 21
	basicCancel    = classBasic<<16 | 30
	basicCancelOK  = classBasic<<16 | 31
	basicPublish   = classBasic<<16 | 40
	basicReturn    = classBasic<<16 | 50
	basicDeliver   = classBasic<<16 | 60
	basicGet       = classBasic<<16 | 70
	basicGetOK     = classBasic<<16 | 71
	basicGetEmpty  = classBasic<<16 | 72
	basicAck       = classBasic<<16 | 80
	basicReject    = classBasic<<16 | 90
	basicRecover   = classBasic<<16 | 110
	basicRecoverOK = classBasic<<16 | 111
	basicNack      = classBasic<<16 | 120

	confirmSelect   = 85<<16 | 10
	confirmSelectOK = 85<<16 | 11
)

func methodPayload(method uint32, arguments []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, method), arguments...)
}

func methodOf(f frame) uint32 {
	if f.kind != frameMethod || len(f.payload) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(f.payload)
}

func isMethod(f frame, method uint32) bool { return methodOf(f) == method }

func closeArguments(code uint16, text string, method uint32) []byte {
	arguments := binary.BigEndian.AppendUint16(nil, code)
	arguments = appendShortText(arguments, text)
	return binary.BigEndian.AppendUint32(arguments, method) // class and method
}

// channelError ends a channel, connError a connection, with a reply code of
// the protocol.
type channelError struct {
	code   uint16
	text   string
	method uint32
}

func (e *channelError) Error() string { return e.text }

type connError struct {
	code uint16
	text string
}

func (e *connError) Error() string { return e.text }

func notFound(kind, name string) error {
	return &channelError{code: 404, text: fmt.Sprintf("NOT_FOUND - no %s '%s' in vhost '/'", kind, name)}
}

func preconditionFailed(format string, args ...any) error {
	return &channelError{code: 406, text: "PRECONDITION_FAILED - " + fmt.Sprintf(format, args...)}
}

func notImplemented(what string) error {
	return &connError{code: 540, text: "NOT_IMPLEMENTED - " + what}
}
