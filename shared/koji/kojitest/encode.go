package kojitest

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
)

// encode writes a value as Python's xmlrpc.client does, as the hub extends it
// (koji/xmlrpcplus.py): nil as <nil/>, whole numbers beyond 32 bits as <i8>.
func encode(out *bytes.Buffer, value any) {
	switch v := value.(type) {
	case nil:
		out.WriteString("<value><nil/></value>")
	case bool:
		digit := "0"
		if v {
			digit = "1"
		}
		out.WriteString("<value><boolean>" + digit + "</boolean></value>\n")
	case int:
		encode(out, int64(v))
	case int64:
		kind := "int"
		if v > math.MaxInt32 || v < math.MinInt32 {
			kind = "i8"
		}
		fmt.Fprintf(out, "<value><%s>%d</%s></value>\n", kind, v, kind)
	case float64:
		out.WriteString("<value><double>" + pythonFloat(v) + "</double></value>\n")
	case string:
		out.WriteString("<value><string>")
		escape(out, v)
		out.WriteString("</string></value>\n")
	case []string:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		encode(out, list)
	case rpmInList:
		v.encode(out)
	case []any:
		out.WriteString("<value><array><data>\n")
		for _, item := range v {
			encode(out, item)
		}
		out.WriteString("</data></array></value>\n")
	case map[string]any:
		out.WriteString("<value><struct>\n")
		for _, name := range sortedKeys(v) {
			out.WriteString("<member>\n<name>")
			escape(out, name)
			out.WriteString("</name>\n")
			encode(out, v[name])
			out.WriteString("</member>\n")
		}
		out.WriteString("</struct></value>\n")
	default:
		panic(fmt.Sprintf("a hub does not send a %T", value))
	}
}

func escape(out *bytes.Buffer, text string) {
	if !strings.ContainsAny(text, "&<>") {
		out.WriteString(text)
		return
	}
	_, _ = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").WriteString(out, text)
}

// pythonFloat is Python's repr, for the numbers a hub sends.
func pythonFloat(v float64) string {
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

const header = "<?xml version='1.0'?>\n"

func encodeReply(value any) []byte {
	var out bytes.Buffer
	out.WriteString(header + "<methodResponse>\n<params>\n<param>\n")
	encode(&out, value)
	out.WriteString("</param>\n</params>\n</methodResponse>\n")
	return out.Bytes()
}

func encodeFault(fault *koji.Fault) []byte {
	var out bytes.Buffer
	out.WriteString(header + "<methodResponse>\n<fault>\n")
	encode(&out, faultStruct(fault))
	out.WriteString("</fault>\n</methodResponse>\n")
	return out.Bytes()
}

func faultStruct(fault *koji.Fault) map[string]any {
	return map[string]any{"faultCode": fault.Code, "faultString": fault.Text}
}

// encodeCall writes a request as the hub keeps it in its database.
func encodeCall(method string, args []any) string {
	var out bytes.Buffer
	out.WriteString(header + "<methodCall>\n<methodName>" + method + "</methodName>\n<params>\n")
	for _, arg := range args {
		out.WriteString("<param>\n")
		encode(&out, arg)
		out.WriteString("</param>\n")
	}
	out.WriteString("</params>\n</methodCall>\n")
	return out.String()
}
