package composeapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/odcs"
)

// object is a JSON object that is written by hand.
type object = map[string]any

// openAPI answers GET /api/1/openapi.json. The description is made of the routes
// this function serves and of the types it writes
// (https://spec.openapis.org/oas/v3.1.0).
func (a api) openAPI(_ context.Context, c call) (answer, error) {
	raw, err := json.Marshal(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Composes", "version": "1", "description": "The API of ODCS, the On Demand Compose Service: repositories of RPMs, made when they are asked for.",
		},
		"servers":    []object{{"url": a.address(c.Request)}},
		"paths":      paths(),
		"components": object{"schemas": schemas(), "securitySchemes": logins()},
	})
	return answer{code: http.StatusOK, body: append(raw, '\n')}, err
}

func paths() object {
	all := object{}
	for _, r := range routes() {
		at, _ := all[r.path].(object)
		if at == nil {
			at = object{}
			all[r.path] = at
		}
		at[strings.ToLower(r.method)] = operation(r)
	}
	return all
}

func operation(r route) object {
	good := object{"description": "Done."}
	switch {
	case r.media != "":
		media, _, _ := strings.Cut(r.media, ";")
		good["content"] = object{media: object{"schema": object{"type": "string"}}}
	case r.gives == "object":
		good["content"] = content(object{"type": "object"})
	default:
		good["content"] = content(reference(r.gives))
	}
	answers := object{strconv.Itoa(r.code): good}
	for _, code := range r.refuses {
		answers[strconv.Itoa(code)] = object{"description": http.StatusText(code) + ".", "content": content(reference("Error"))}
	}
	op := object{"summary": r.does, "responses": answers}
	if r.more != "" {
		op["description"] = r.more
	}
	if r.body != "" {
		op["requestBody"] = object{"required": r.method == http.MethodPost, "content": content(reference(r.body))}
	}
	var parameters []object
	if strings.Contains(r.path, "{id}") {
		parameters = append(parameters, object{"name": "id", "in": "path", "required": true, "schema": object{"type": "integer", "minimum": 1}})
	}
	for _, q := range r.query {
		parameters = append(parameters, object{"name": q.name, "in": "query", "description": q.does, "schema": typed(q.kind, q.values)})
	}
	if r.named {
		parameters = append(parameters, object{
			"name": "Idempotency-Key", "in": "header", "schema": object{"type": "string"},
			"description": "Names this request: another with the same name and content is a repetition of it.",
		})
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	if r.method != http.MethodGet {
		op["security"] = []object{{"oidc": []string{}}, {"certificate": []string{}}, {"kerberos": []string{}}}
	}
	return op
}

func content(schema object) object { return object{jsonType: object{"schema": schema}} }

func reference(name string) object { return object{"$ref": "#/components/schemas/" + name} }

func logins() object {
	return object{
		"oidc":        object{"type": "http", "scheme": "bearer"},
		"kerberos":    object{"type": "http", "scheme": "negotiate"},
		"certificate": object{"type": "mutualTLS"},
	}
}

func schemas() object {
	number, text := object{"type": "integer"}, object{"type": "string"}
	link := object{"type": []string{"string", "null"}}
	return object{
		"Compose": composeSchema(false), "OneCompose": composeSchema(true),
		"List": closed(object{"items": object{"type": "array", "items": reference("Compose")}, "meta": closed(object{
			"first": text, "last": text, "next": link, "prev": link, "page": number, "pages": number, "per_page": number, "total": number,
		})}),
		"Accepted": closed(object{"status": number, "message": text}),
		"Error": object{
			"type": "object", "additionalProperties": false, "required": []string{"error", "message", "status"},
			"properties": object{"status": number, "error": text, "message": text, "hint": text},
		},
		"About":   schemaOf(reflect.TypeFor[aboutServer]()),
		"Request": request(odcs.Fields(), odcs.SourceFields(), []string{"source"}, []string{"type"}),
		"Patch":   request(odcs.PatchFields(), pick(odcs.SourceFields(), "builds", "modules"), nil, nil),
	}
}

// composeSchema is a compose as it is in lists, or as it is alone.
func composeSchema(alone bool) object {
	properties := members(reflect.TypeFor[odcs.Shown]())
	delete(properties, "pungi_config_dump")
	delete(properties, "distaff") // only where it is asked for
	if alone {
		properties["pungi_config_dump"] = object{"type": []string{"string", "null"}}
	}
	return closed(properties)
}

// closed is an object that has all these members and no others.
func closed(properties object) object {
	required := make([]string, 0, len(properties))
	for name := range properties {
		required = append(required, name)
	}
	return object{"type": "object", "properties": properties, "required": sorted(required), "additionalProperties": false}
}

// request describes what is sent; what is not in it is not looked at.
func request(fields, source []odcs.Field, required, requiredInSource []string) object {
	properties := object{}
	inner := object{}
	for _, f := range source {
		inner[f.Name] = field(f)
	}
	for _, f := range fields {
		properties[f.Name] = field(f)
	}
	sourceSchema := object{"type": "object", "properties": inner}
	if requiredInSource != nil {
		sourceSchema["required"] = requiredInSource
	}
	properties["source"] = sourceSchema
	schema := object{"type": "object", "properties": properties}
	if required != nil {
		schema["required"] = required
	}
	return schema
}

func pick(fields []odcs.Field, names ...string) []odcs.Field {
	var some []odcs.Field
	for _, f := range fields {
		for _, name := range names {
			if f.Name == name {
				some = append(some, f)
			}
		}
	}
	return some
}

func field(f odcs.Field) object {
	schema := typed(f.Kind, f.Values)
	schema["description"] = f.Does
	return schema
}

func typed(kind string, values []string) object {
	if kind == "list" {
		return object{"type": "array", "items": typed("string", values), "maxItems": odcs.ListMost}
	}
	schema := object{"type": kind}
	if values != nil {
		schema["enum"] = values
	}
	return schema
}

func searchArguments() []argument {
	var orders []string
	for _, order := range index.Orders() {
		orders = append(orders, string(order), "-"+string(order))
	}
	text := func(name, does string) argument { return argument{name, "string", does, nil} }
	return []argument{
		text("owner", "Only of this owner."),
		text("source_type", "Only of this type of source: its number or name."),
		text("source", "Only of exactly this source."),
		text("state", "Only in this state: its number or name."),
		text("koji_task_id", "Finds nothing: no compose is a task of Koji's."),
		text("pungi_compose_id", "Only the one with this Pungi id."),
		text("compose_type", "Only of this type."),
		text("label", "Only with this label."),
		{"order_by", "string", "What they are ordered by; - before it turns that around.", orders},
		{"page", "integer", "Which page, from 1 on.", nil},
		{"per_page", "integer", "How many are on a page; " + strconv.Itoa(odcs.PerPageMost) + " at most.", nil},
		{"as_of", "integer", "Only those with no higher id, so that new ones do not shift pages. Links to other pages have it.", nil},
	}
}
