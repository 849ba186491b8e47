package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/config"
)

// TestProblems puts changed in place of old in the minimal configuration, at
// its end where old is empty, in place of it all where old is "*". The words
// expected are exact.
func TestProblems(t *testing.T) {
	const (
		forge = "{type: pagure, url: https://src.example.org, user: distaff}"
		koji  = "{server: https://koji.example.org/kojihub}"
		farm  = "{ranch: public}"
	)
	for _, test := range []struct {
		name, old, changed string
		want               []string // line:column: path: text
	}{
		{
			"unknown key at the top, with its line", "bucket: {name: distaff}",
			"bukcet: {}\nbucket: {name: distaff}",
			[]string{
				"3:1: bukcet: unknown key; did you mean bucket?",
			},
		},
		{
			"a key mistyped is not missing as well", "bucket: {name: distaff}",
			"bukcet: {name: distaff}",
			[]string{
				"3:1: bukcet: unknown key; did you mean bucket?",
			},
		},
		{
			"unknown key that is near none", koji,
			"{server: https://koji.example.org/kojihub, frobnicate: 1}",
			[]string{
				"7:54: koji.fedora.frobnicate: unknown key; known here: server, web, files, owner, auth, source",
			},
		},
		{
			"unknown key with odd letters", "",
			`"a\n\u00fc": 1`,
			[]string{
				`10:1: "a\nü": unknown key; known here: name, pages, bucket, forges, koji, testing_farm, bodhi, greenwave, composes, bus, hooks, checks, pipeline, prices`,
			},
		},
		{
			"key given twice", "",
			"name: again",
			[]string{
				"10:1: name: is given twice, first in line 1; keep one",
			},
		},
		{
			"key without value", "",
			"hooks:",
			[]string{
				"10:1: hooks: has no value; give it one, or remove the line",
			},
		},
		{
			"number for text", "name: fedora",
			"name: 12",
			[]string{
				"1:7: name: wants text in quotes, not 12",
			},
		},
		{
			"text for number", "bucket: {name: distaff}",
			"bucket: {name: distaff, keep: {claims: many, events: -1, logs: 010, dead: 1.5, runs: 99999}}",
			[]string{
				`3:40: bucket.keep.claims: wants a whole number from 0 on, not "many"`,
				"3:54: bucket.keep.events: wants a whole number from 0 on, not -1",
				"3:75: bucket.keep.dead: wants a whole number from 0 on, not 1.5",
				"3:86: bucket.keep.runs: wants at most 36500 days; 0 keeps for ever",
			},
		},
		{
			"octal", "bucket: {name: distaff}",
			"bucket: {name: distaff, keep: {logs: 0x10, runs: 1_000}}",
			[]string{
				"3:38: bucket.keep.logs: wants a whole number from 0 on, not 0x10",
				"3:50: bucket.keep.runs: wants a whole number from 0 on, not 1_000",
			},
		},
		{
			"list for text", "name: fedora",
			"name: [fedora]",
			[]string{
				"1:7: name: wants text, not a list",
			},
		},
		{
			"text for keys", "bucket: {name: distaff}",
			"bucket: distaff",
			[]string{
				"3:9: bucket: wants keys with values, not text",
			},
		},
		{
			"keys for list", "",
			"checks: {name: custom}",
			[]string{
				"10:9: checks: wants a list, not keys with values",
			},
		},
		{
			"text for truth", "",
			"checks: [{name: custom, required: 'yes'}]",
			[]string{
				`10:35: checks[0].required: wants true or false, not "yes"`,
			},
		},
		{
			"block of lines", "name: fedora",
			"name: |\n  fedora",
			[]string{
				"1:7: name: wants text, not a block of lines",
			},
		},
		{
			"control character", "name: fedora",
			`name: "fed\tora"`,
			[]string{
				"1:7: name: has a control character or a line break in it; write plain text on one line",
			},
		},
		{
			"alias and anchor", "name: fedora",
			"name: &a fedora",
			[]string{
				"1:7: name: wants text, not an anchor or alias, which are not taken here",
			},
		},
		{
			"merge key", "",
			"<<: {name: x}",
			[]string{
				`10:1: "<<": a key is plain text; anchors, merges and other kinds of keys are not taken`,
			},
		},
		{
			"number as key", "",
			"12: x",
			[]string{
				`10:1: "12": a key is plain text; anchors, merges and other kinds of keys are not taken`,
			},
		},
		{
			"tag", "name: fedora",
			"name: !!str fedora",
			[]string{
				"1:7: name: wants text, not a tag",
			},
		},
		{
			"name with capitals", "name: fedora",
			"name: Fedora CI",
			[]string{
				"1:7: name: wants a-z, 0-9 and -, beginning with a letter, at most 32 long",
			},
		},
		{
			"empty name", "name: fedora",
			`name: ""`,
			[]string{
				"1:7: name: is empty; name this instance, such as fedora; it becomes part of its statuses",
			},
		},
		{
			"everything missing at once", "*",
			"{}",
			[]string{
				"1:1: bucket.name: is missing; name the bucket that holds all state",
				"1:1: forges: is missing; name at least one forge whose pull requests are checked",
				"1:1: koji: is missing; name the Koji that builds",
				"1:1: name: is missing; name this instance, such as fedora; it becomes part of its statuses",
				"1:1: pages: is missing; name the address people find the bucket's pages under, such as https://ci.example.org/",
				"1:1: testing_farm: is missing; name the Testing Farm that runs the checks, or write checks: [] to build only",
			},
		},
		{
			"empty file", "*",
			"# nothing",
			[]string{
				"1:1: the file is empty; docs/config.md has an example to begin with",
			},
		},
		{
			"second document", "",
			"---\nname: b",
			[]string{
				`11:1: a second document begins here; put all into one, without "---" and "%"`,
			},
		},
		{
			"a list", "*",
			"- a",
			[]string{
				"1:1: wants keys with values, not a list",
			},
		},
		{
			"a word", "*",
			"hello",
			[]string{
				"1:1: wants keys with values, not text",
			},
		},
		{
			"broken YAML", "*",
			"name: a: b",
			[]string{
				`1:7: it is not YAML: mapping value is not allowed in this context; indent keys of one level alike, and put text with ": " in it into quotes`,
			},
		},
		{
			"tabs", "*",
			"name:\n\tx: 1",
			[]string{
				"2:1: it is not YAML: found character '\\t' that cannot start any token; indent with spaces, not tabs",
			},
		},
		{
			"unfinished text", "*",
			`name: "x`,
			[]string{
				"1:7: it is not YAML: could not find end character of double-quoted text",
			},
		},
		{
			"not text", "*",
			"\xff",
			[]string{
				"1:1: the file is not UTF-8 text",
			},
		},
		{
			"address without host", "pages: https://ci.example.org/",
			"pages: ci.example.org",
			[]string{
				"2:8: pages: is no address; it begins with https:// and a host name",
			},
		},
		{
			"address of another protocol", "pages: https://ci.example.org/",
			"pages: ftp://ci.example.org",
			[]string{
				"2:8: pages: is no address; it begins with https:// and a host name",
			},
		},
		{
			"address that cannot be read", "pages: https://ci.example.org/",
			`pages: "https://ci.example.org/%zz"`,
			[]string{
				"2:8: pages: is no address; it begins with https:// and a host name",
			},
		},
		{
			"address in clear", "pages: https://ci.example.org/",
			"pages: http://ci.example.org",
			[]string{
				"2:8: pages: is not encrypted; use https:// (http:// is for this machine and names within a cluster: localhost, 127.0.0.1, NAME.svc)",
			},
		},
		{
			"address in clear, of another machine by number", "pages: https://ci.example.org/",
			"pages: http://10.0.0.1/",
			[]string{
				"2:8: pages: is not encrypted; use https:// (http:// is for this machine and names within a cluster: localhost, 127.0.0.1, NAME.svc)",
			},
		},
		{
			"address with a password, which is not shown", "pages: https://ci.example.org/",
			"pages: https://me:hunter2@ci.example.org/",
			[]string{
				"2:8: pages: has a user in it; remove all up to the @",
			},
		},
		{
			"address with a user", "pages: https://ci.example.org/",
			"pages: https://me@ci.example.org/",
			[]string{
				"2:8: pages: has a user in it; remove all up to the @",
			},
		},
		{
			"address with a query", "pages: https://ci.example.org/",
			"pages: https://ci.example.org/?a=b",
			[]string{
				"2:8: pages: has ? or # in it; an address here ends with its path",
			},
		},
		{
			"secret in the file", forge,
			"{type: pagure, url: https://src.example.org, user: distaff, token: hunter2}",
			[]string{
				"5:71: forges.fedora.token: its content does not belong into this file; say where it is, with token_env or token_file",
			},
		},
		{
			"secret in the file where only a file may be named", koji,
			"{server: https://koji.example.org/kojihub, auth: {keytab: hunter2}}",
			[]string{
				"7:61: koji.fedora.auth.keytab: its content does not belong into this file; say where it is, with keytab_file",
			},
		},
		{
			"secret in place of a variable's name", forge,
			"{type: pagure, url: https://src.example.org, user: distaff, token_env: 0123456789abcdef}",
			[]string{
				"5:82: forges.fedora.token_env: wants the name of an environment variable, of A-Z, 0-9 and _, at most 40 long; the secret itself does not belong into this file",
			},
		},
		{
			"long secret in place of a variable's name", forge,
			"{type: pagure, url: https://src.example.org, user: distaff, token_env: ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ}",
			[]string{
				"5:82: forges.fedora.token_env: wants the name of an environment variable, of A-Z, 0-9 and _, at most 40 long; the secret itself does not belong into this file",
			},
		},
		{
			"secret in place of a section", koji,
			"{server: https://koji.example.org/kojihub, auth: hunter2}",
			[]string{
				"7:60: koji.fedora.auth: wants keys with values, not text",
			},
		},
		{
			"secret in place of a variable's name, as a list", forge,
			"{type: pagure, url: https://src.example.org, user: distaff, token_env: [hunter2]}",
			[]string{
				"5:82: forges.fedora.token_env: wants text on one line",
			},
		},
		{
			"two places of a secret", forge,
			"{type: pagure, url: https://src.example.org, user: distaff, token_env: TOKEN, token_file: token}",
			[]string{
				"5:101: forges.fedora.token_file: token_env and token_file both name a place; keep one of them",
			},
		},
		{
			"empty file name", forge,
			`{type: pagure, url: https://src.example.org, user: distaff, token_file: ""}`,
			[]string{
				"5:83: forges.fedora.token_file: is empty; name a file, or remove the line",
			},
		},
		{
			"half of the keys of the bucket", "bucket: {name: distaff}",
			"bucket: {name: distaff, access_key_env: KEY}",
			[]string{
				"3:1: bucket.secret_key_env: is missing; it is needed with access_key_env",
			},
		},
		{
			"other half of the keys of the bucket", "bucket: {name: distaff}",
			"bucket: {name: distaff, secret_key_file: key}",
			[]string{
				"3:1: bucket.access_key_env: is missing; it is needed with secret_key_env",
			},
		},
		{
			"claims kept shorter than a run", "bucket: {name: distaff}",
			"bucket: {name: distaff, keep: {claims: 1}}",
			[]string{
				"3:40: bucket.keep.claims: is shorter than a run may take; keep claims for 2 days or more",
			},
		},
		{
			"instance with a bad name", "koji:\n  fedora: {",
			"koji:\n  Fedora: {",
			[]string{
				"7:3: koji.Fedora: is no good name; an instance is named with a-z, 0-9 and -, beginning with a letter, at most 32 long",
			},
		},
		{
			"forge without type", forge,
			"{url: https://src.example.org, user: distaff}",
			[]string{
				"5:3: forges.fedora.type: is missing; write pagure or github",
			},
		},
		{
			"forge of unknown type", forge,
			"{type: pagur, url: https://src.example.org, user: distaff}",
			[]string{
				`5:18: forges.fedora.type: "pagur" is no type of forge; write pagure or github`,
			},
		},
		{
			"forge of an unknown type near none", forge,
			"{type: gitlab, url: https://src.example.org, user: distaff}",
			[]string{
				`5:18: forges.fedora.type: "gitlab" is no type of forge; write pagure or github`,
			},
		},
		{
			"forge without anything", forge,
			"{type: pagure}",
			[]string{
				"5:3: forges.fedora.url: is missing; name the address of the forge, such as https://src.fedoraproject.org",
				"5:3: forges.fedora.user: is missing; name our own account there; what it writes is not heard",
			},
		},
		{
			"github without namespaces", forge,
			"{type: github, user: distaff}",
			[]string{
				"5:3: forges.fedora.namespaces: is missing; list the first parts of the paths of the repositories, such as the organisation",
			},
		},
		{
			"github app on a pagure", forge,
			"{type: pagure, url: https://src.example.org, user: distaff, github_app: {id: 1, key_file: k}}",
			[]string{
				"5:71: forges.fedora.github_app: is for github only; remove it",
			},
		},
		{
			"github app and token", forge,
			"{type: github, user: distaff, namespaces: [org], token_env: TOKEN, github_app: {id: 1, key_file: k}}",
			[]string{
				"5:78: forges.fedora.github_app: excludes a token; keep one of them",
			},
		},
		{
			"empty github app", forge,
			"{type: github, user: distaff, namespaces: [org], github_app: {}}",
			[]string{
				"5:60: forges.fedora.github_app.id: is missing; it is the App ID on the App's settings page",
				"5:60: forges.fedora.github_app.key_file: is missing; name the file of the App's private key",
			},
		},
		{
			"bad namespace", forge,
			"{type: pagure, url: https://src.example.org, user: distaff, namespaces: [rpms, rpms/x, rpms]}",
			[]string{
				`5:90: forges.fedora.namespaces[1]: "rpms/x" is no namespace; it is the part of a repository's path before the first /`,
				`5:98: forges.fedora.namespaces[2]: "rpms" is in the list twice, first in line 5; keep one`,
			},
		},
		{
			"bad globs", forge,
			`{type: pagure, url: https://src.example.org, user: distaff, packages: {include: ["[a", "", "b"], except: ["[]a]", c, c]}}`,
			[]string{
				`5:92: forges.fedora.packages.include[0]: "[a" is no pattern; * stands for any letters, ? for one, [a-z] for one of these, \ before a letter for itself`,
				`5:98: forges.fedora.packages.include[1]: "" is no pattern; * stands for any letters, ? for one, [a-z] for one of these, \ before a letter for itself`,
				`5:117: forges.fedora.packages.except[0]: "[]a]" is no pattern; * stands for any letters, ? for one, [a-z] for one of these, \ before a letter for itself`,
				`5:128: forges.fedora.packages.except[2]: "c" is in the list twice, first in line 5; keep one`,
			},
		},
		{
			"include nothing", forge,
			"{type: pagure, url: https://src.example.org, user: distaff, packages: {include: []}}",
			[]string{
				"5:82: forges.fedora.packages.include: an empty list takes no package; list some, or remove the line to take all",
			},
		},
		{
			"one forge twice", "koji:\n  fedora: {",
			"  other: {type: pagure, url: https://SRC.example.org/, user: distaff}\nkoji:\n  fedora: {",
			[]string{
				"6:30: forges.other.url: is the address of forges.fedora too; each pull request would be checked twice",
			},
		},
		{
			"koji without server", koji,
			"{owner: packit}",
			[]string{
				"7:3: koji.fedora.server: is missing; name the address of the hub, such as https://koji.fedoraproject.org/kojihub",
			},
		},
		{
			"koji source without commit", koji,
			`{server: https://koji.example.org/kojihub, source: "git+{url}"}`,
			[]string{
				"7:62: koji.fedora.source: wants {url} and {commit} once each, such as git+{url}#{commit}",
			},
		},
		{
			"two ways to log in", koji,
			"{server: https://koji.example.org/kojihub, auth: {certificate_file: c, keytab_file: k}}",
			[]string{
				"7:54: koji.fedora.auth: has more than one way to log in; keep one of certificate, keytab and password",
			},
		},
		{
			"no way to log in", koji,
			"{server: https://koji.example.org/kojihub, auth: {}}",
			[]string{
				"7:54: koji.fedora.auth: has no way to log in; set certificate_file, keytab_file or user, or remove it to only read",
			},
		},
		{
			"authorities without certificate", koji,
			"{server: https://koji.example.org/kojihub, auth: {ca_file: ca}}",
			[]string{
				"7:54: koji.fedora.auth.certificate_file: is missing; ca_file goes with it",
			},
		},
		{
			"keytab alone", koji,
			"{server: https://koji.example.org/kojihub, auth: {keytab_file: k}}",
			[]string{
				"7:54: koji.fedora.auth.principal: is missing; name it as NAME@REALM",
			},
		},
		{
			"principal without realm", koji,
			"{server: https://koji.example.org/kojihub, auth: {principal: distaff}}",
			[]string{
				"7:54: koji.fedora.auth.keytab_file: is missing; name the file of the principal's keys",
				`7:72: koji.fedora.auth.principal: "distaff" is no principal; it is NAME@REALM`,
			},
		},
		{
			"user without password", koji,
			"{server: https://koji.example.org/kojihub, auth: {user: distaff}}",
			[]string{
				"7:54: koji.fedora.auth.password_env: is missing; it is needed with user",
			},
		},
		{
			"two kojis and none named", "testing_farm:",
			"  cbs: {server: https://cbs.example.org/kojihub}\ntesting_farm:",
			[]string{
				"1:1: pipeline.koji: is missing; name the Koji that builds, one of cbs, fedora",
			},
		},
		{
			"two farms and none named", "  public: {ranch: public}",
			"  public: {ranch: public}\n  redhat: {ranch: redhat}",
			[]string{
				"1:1: pipeline.testing_farm: is missing; name the Testing Farm that tests, one of public, redhat",
			},
		},
		{
			"no farm", "testing_farm:\n  public: {ranch: public}",
			"# none",
			[]string{
				"1:1: testing_farm: is missing; name the Testing Farm that runs the checks, or write checks: [] to build only",
			},
		},
		{
			"bad farm", farm,
			`{url: "https://", ranch: "a/b", deployment: production}`,
			[]string{
				"9:17: testing_farm.public.url: is no address; it begins with https:// and a host name",
				`9:36: testing_farm.public.ranch: "a/b" is no ranch; write public or redhat`,
				`9:55: testing_farm.public.deployment: "production" is no deployment; write prod or stg`,
			},
		},
		{
			"dangling instances", "",
			"pipeline: {koji: fedroa, testing_farm: other}\nbus: {url: amqps://mq.example.org, queue: q, forge: fedra, koji: cbs}",
			[]string{
				`10:18: pipeline.koji: nothing named "fedroa" is in koji; did you mean fedora?`,
				`10:40: pipeline.testing_farm: nothing named "other" is in testing_farm; known here: public`,
				`11:53: bus.forge: nothing named "fedra" is in forges; did you mean fedora?`,
				`11:66: bus.koji: nothing named "cbs" is in koji; known here: fedora`,
			},
		},
		{
			"bodhi without address", "",
			`bodhi: {url: ""}`,
			[]string{
				"10:14: bodhi.url: is empty; name the address of Bodhi, or remove the line",
			},
		},
		{
			"bus without anything", "",
			"bus: {}",
			[]string{
				"10:1: bus.queue: is missing; name the queue that keeps the messages for us",
				"10:1: bus.url: is missing; name the address of the broker, such as amqps://fedora:@rabbitmq.fedoraproject.org/%2Fpublic_pubsub",
			},
		},
		{
			"bus of our own without bindings", "",
			"bus: {url: amqps://mq.example.org, queue: q, passive: false}",
			[]string{
				"10:1: bus.bindings: is missing; a queue we make hears only what it is bound to; list patterns of topics, or set passive: true",
			},
		},
		{
			"bad bindings", "",
			`bus: {url: amqps://mq.example.org, queue: q, bindings: ["a.*.#", "a..b", "a.*.#", "a*"], topic_prefix: "org."}`,
			[]string{
				`10:66: bus.bindings[1]: "a..b" is no pattern of topics; it has words with dots between, * for one word, # for any`,
				`10:74: bus.bindings[2]: "a.*.#" is in the list twice, first in line 10; keep one`,
				`10:83: bus.bindings[3]: "a*" is no pattern of topics; it has words with dots between, * for one word, # for any`,
				`10:104: bus.topic_prefix: "org." is no beginning of topics; it is such as org.fedoraproject.prod`,
			},
		},
		{
			"bus with half a certificate and a password without user", "",
			"bus: {url: amqps://mq.example.org, queue: q, certificate_file: c, password_env: PW}",
			[]string{
				"10:1: bus.key_file: is missing; it is needed with certificate_file",
				"10:64: bus.certificate_file: excludes a password; keep one of them",
			},
		},
		{
			"password without user", "",
			"bus: {url: amqps://mq.example.org, queue: q, password_env: PW}",
			[]string{
				"10:12: bus.url: names no user the password could belong to; write amqps://USER@HOST/VHOST",
			},
		},
		{
			"bus in clear with a password", "",
			"bus: {url: amqp://me:hunter2@mq.example.org, queue: q}",
			[]string{
				"10:12: bus.url: has a password in it, which does not belong into this file; say where it is, with password_env or password_file",
			},
		},
		{
			"bus of a github", forge,
			"{type: github, user: distaff, namespaces: [org]}\nbus: {url: amqps://mq.example.org, queue: q}",
			[]string{
				"6:1: bus: is for the messages of a pagure, and forges has none; add one, or remove bus",
			},
		},
		{
			"bus naming a github", "koji:\n  fedora: {",
			"  gh: {type: github, user: distaff, namespaces: [org]}\nbus: {url: amqps://mq.example.org, queue: q, forge: gh}\nkoji:\n  fedora: {",
			[]string{
				`7:53: bus.forge: "gh" is a github, which calls by web hook; name a pagure`,
			},
		},
		{
			"hooks without key", "",
			"hooks: {url: https://hooks.example.org}",
			[]string{
				"10:1: hooks.key_env: is missing; name where the key is that makes addresses unguessable, here or with key_file",
			},
		},
		{
			"unknown check", "",
			"checks: [{name: rpmlnt}, {name: tests}, {required: true}]",
			[]string{
				`10:17: checks[0].name: "rpmlnt" is no check; did you mean rpmlint?`,
				`10:33: checks[1].name: "tests" is no check; known here: installability, rpminspect, rpmlint, rmdepcheck, license-validate, custom`,
				"10:41: checks[2].name: is missing; name one of installability, rpminspect, rpmlint, rmdepcheck, license-validate, custom",
			},
		},
		{
			"the build as a check", "",
			"checks: [{name: build}, {name: custom, needs: [build]}]",
			[]string{
				"10:17: checks[0].name: the build is always done, and required; remove it here",
				"10:48: checks[1].needs[0]: every check waits for the build already; remove it",
			},
		},
		{
			"check twice", "",
			"checks: [{name: custom}, {name: custom}]",
			[]string{
				`10:33: checks[1].name: "custom" is in the list twice; keep one`,
			},
		},
		{
			"needs that are not there", "",
			"checks: [{name: custom, needs: [rpmlint, custm, x]}, {name: rpminspect, needs: [custom, custom]}]",
			[]string{
				`10:33: checks[0].needs[0]: "rpmlint" is not done here; add it to checks, or remove it`,
				`10:42: checks[0].needs[1]: "custm" is no check; did you mean custom?`,
				`10:49: checks[0].needs[2]: "x" is no check; known here: custom, rpminspect`,
				`10:89: checks[1].needs[1]: "custom" is in the list twice, first in line 10; keep one`,
			},
		},
		{
			"check that needs itself", "",
			"checks: [{name: custom, needs: [custom]}]",
			[]string{
				"10:25: checks[0].needs: these checks wait for each other: custom → custom; remove one of the needs",
			},
		},
		{
			"checks in two rings", "",
			"checks:\n- {name: rpmlint, needs: [custom]}\n- {name: custom, needs: [rpminspect]}\n- name: rpminspect\n  needs: [custom]\n- {name: rmdepcheck, needs: [license-validate]}\n- {name: license-validate, needs: [rmdepcheck, rpmlint]}",
			[]string{
				"12:18: checks[1].needs: these checks wait for each other: custom → rpminspect → custom; remove one of the needs",
				"15:22: checks[3].needs: these checks wait for each other: rmdepcheck → license-validate → rmdepcheck; remove one of the needs",
			},
		},
		{
			"bad times", "",
			"pipeline: {build_limit: 24, test_limit: 1 day}",
			[]string{
				"10:25: pipeline.build_limit: wants a time such as 24h or 90m, not 24",
				`10:41: pipeline.test_limit: wants a time such as 24h or 90m, not "1 day"`,
			},
		},
		{
			"times out of bounds", "",
			"pipeline: {build_limit: 0s, test_limit: 1000h}",
			[]string{
				"10:25: pipeline.build_limit: wants a time from 1m to 336h",
				"10:41: pipeline.test_limit: wants a time from 1m to 336h",
			},
		},
		{
			"bad docs", "",
			`pipeline: {docs: ["*.md", "[", "*.md"]}`,
			[]string{
				`10:27: pipeline.docs[1]: "[" is no pattern; * stands for any letters, ? for one, [a-z] for one of these, \ before a letter for itself`,
				`10:32: pipeline.docs[2]: "*.md" is in the list twice, first in line 10; keep one`,
			},
		},
		{
			"several at once, in the order of the file", "*",
			"pages: x\nbuckets: {}\nname: fedora\nname: a\nchecks: [{name: rpmlnt, needs: y}]\npipeline: {docs: 1}\nkoji: {fedora: {server: http://k.example.org, auth: []}}",
			[]string{
				"1:1: forges: is missing; name at least one forge whose pull requests are checked",
				"1:1: testing_farm: is missing; name the Testing Farm that runs the checks, or write checks: [] to build only",
				"1:8: pages: is no address; it begins with https:// and a host name",
				"2:1: buckets: unknown key; did you mean bucket?",
				"4:1: name: is given twice, first in line 3; keep one",
				`5:17: checks[0].name: "rpmlnt" is no check; did you mean rpmlint?`,
				`5:32: checks[0].needs: wants a list, not "y"`,
				"6:18: pipeline.docs: wants a list, not 1",
				"7:25: koji.fedora.server: is not encrypted; use https:// (http:// is for this machine and names within a cluster: localhost, 127.0.0.1, NAME.svc)",
				"7:53: koji.fedora.auth: wants keys with values, not a list",
			},
		},
		{
			"large file", "*",
			strings.Repeat("#", 64<<10+1),
			[]string{
				"1:1: the file has 65537 bytes; a configuration has no more than 65536",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := minimal + test.changed + "\n"
			switch {
			case test.old == "*":
				text = test.changed
			case !strings.Contains(minimal, test.old):
				t.Fatalf("%q is not in the minimal configuration", test.old)
			case test.old != "":
				text = strings.Replace(minimal, test.old, test.changed, 1)
			}
			_, err := config.Parse("d.yaml", []byte(text))
			var problems config.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			got := strings.Split(strings.ReplaceAll(err.Error(), "d.yaml:", ""), "\n")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("a secret is shown")
			}
		})
	}
}
