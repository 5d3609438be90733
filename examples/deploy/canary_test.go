package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// canaries are secrets by the name of their param, such as are hard to find in some
// form.
var canaries = map[string]string{
	"PLAIN": "canary-0123456789-plain",
	"MIXED": "canary/one+two \"three\" ü$w0rd `x` 'four' <&> \\five",
	"LONG":  strings.Repeat("canary of several lines of base64? ", 7),
	"LINES": "-----BEGIN CANARY-----\ncanaryMIIEvgIBADANBg/kqhk\ncanaryG9w0BAQEFAASCBKgw+g==\n-----END CANARY-----",
}

// ofCommandLine is given by the environment of the person, as a param.
const ofCommandLine = "canary-of-the-command-line & more"

// spellings are the forms in which programs print a secret, as a log must not have
// them. That of base64 is what is the same whatever stands before and behind.
func spellings(secret string) map[string]string {
	quoted, _ := json.Marshal(secret)
	inJSON := string(quoted[1 : len(quoted)-1])
	forms := map[string]string{
		"raw": secret, "JSON": inJSON, "JSON in JSON": strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(inJSON),
		"URL query": url.QueryEscape(secret), "URL path": url.PathEscape(secret),
		"hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"shell single": strings.ReplaceAll(secret, `'`, `'\''`),
		"shell double": strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(secret),
	}
	for before := range 3 {
		text := strings.Repeat("x", before) + secret
		for name, enc := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.URLEncoding} {
			from, to := (8*before+5)/6, 8*len(text)/6
			coded := enc.EncodeToString([]byte(text))
			forms[fmt.Sprintf("base64 %s at %d", name, before)] = coded[from:to]
			forms[fmt.Sprintf("base64 %s at %d, in lines", name, before)] = folded(coded)[from : to+strings.Count(folded(coded), "\n")]
		}
	}
	return forms
}

func folded(s string) string {
	var lines []string
	for line := range slices.Chunk([]byte(s), 76) {
		lines = append(lines, string(line))
	}
	return strings.Join(lines, "\n")
}

// spell is a program that prints the secrets of its environment in all forms: whole,
// and in two writes that are cut at every place.
func spell() {
	for name := range canaries {
		secret := os.Getenv(name)
		if secret == "" {
			continue
		}
		for form, text := range spellings(secret) {
			padded := text
			if strings.HasPrefix(form, "base64") {
				padded = "x" + text + "=="
			}
			fmt.Printf("%s: [%s]\n", form, padded)
			fmt.Fprintf(os.Stderr, "%s\n", text)
			step := max(1, len(text)/60)
			for cut := 1; cut < len(text); cut += step {
				_, _ = io.WriteString(os.Stdout, text[:cut])
				_, _ = io.WriteString(os.Stdout, text[cut:]+"\n")
			}
		}
	}
	if slices.Contains(os.Args, "-fail") {
		os.Exit(3)
	}
}

// found returns where a canary stands in a text, in any form.
func found(where string, text []byte) (list []string) {
	all := maps.Clone(canaries)
	all["COMMAND LINE"] = ofCommandLine
	for name, secret := range all {
		for form, spelled := range spellings(secret) {
			if bytes.Contains(text, []byte(spelled)) {
				list = append(list, fmt.Sprintf("%s: %s as %s", where, name, form))
			}
		}
	}
	// Each part of it, too.
	for _, part := range []string{"canary-0123", "canary/one", "canaryMII", "canary of several"} {
		if bytes.Contains(text, []byte(part)) {
			list = append(list, fmt.Sprintf("%s: %s…", where, part))
		}
	}
	return list
}

// nightmare is a repository whose steps print each secret, and whose services put
// secrets where errors quote what they are about.
const nightmare = `
-- slsflow.yml --
app: shop
profiles:
  dev: {account: "111111111111", secrets: [PLAIN, MIXED, LONG, LINES]}
defaultProfile: dev
services:
  api:
    dir: api
    test: spell
    verify: [env, spell, 'set -x; : "$MIXED" "$LINES"; printf %s "$LONG" | base64']
    hooks: {beforeDeploy: spell, afterDeploy: 'echo "$SLSFLOW_OUTPUT_all"'}
    secretOutputs: [all, plain]
  failing: {dir: failing, hooks: {beforeDeploy: 'spell -fail'}}
  testing: {dir: testing, test: 'echo "$PLAIN" >&2; spell -fail'}
  file: {dir: file}
  self: {dir: self}
  env: {dir: env}
  bool: {dir: bool}
  output: {dir: output}
  region: {dir: region}
  published: {dir: published}
-- api/serverless.yml --
service: api
custom:
  plain: ${param:PLAIN}
  mixed: "pre ${param:MIXED} post ${env:LONG}"
  lines: ["${param:LINES}", {deep: "${self:custom.mixed}"}]
  line: ${param:line}
outputs:
  all: {key: "${param:MIXED}", both: "${param:line}${param:PLAIN}", lines: "${param:LINES}"}
  plain: ${param:PLAIN}
  open: yes
-- failing/serverless.yml --
service: failing
custom: {key: "${param:MIXED}"}
-- testing/serverless.yml --
service: testing
-- file/serverless.yml --
service: file
custom: {a: "${file(${param:PLAIN}.yml):${param:MIXED}}"}
-- self/serverless.yml --
service: self
custom: {a: "${self:custom.${param:PLAIN}}"}
-- env/serverless.yml --
service: env
custom: {a: "${env:${param:MIXED}}"}
-- bool/serverless.yml --
service: bool
custom: {a: "${strToBool(${param:PLAIN})}", b: "${param:${param:PLAIN}}"}
-- output/serverless.yml --
service: output
custom: {a: "${output:${param:PLAIN}.key}"}
-- region/serverless.yml --
service: region
functions: {f: {handler: a.b, timeout: "${param:LONG}"}}
custom: {a: "${sls:${param:PLAIN}}", b: "${opt:${param:PLAIN}}", c: "${nothing:${param:PLAIN}}"}
-- published/serverless.yml --
service: published
outputs: {open: "${param:PLAIN}"}
`

// Nothing that a deployment leaves or tells has a secret in any form: not the logs
// of its steps, the errors, the ledger, the records, the rendered files, the reports
// or what the program prints.
func TestNoCanaryIsFoundAnywhere(t *testing.T) {
	spellCommand, err := exec.LookPath("spell")
	require.NoError(t, err, "testscript.Main puts it there")
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(nightmare)).Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, f.Data, 0o600))
	}
	environ := []string{"PATH=" + os.Getenv("PATH"), "SLSFLOW_USER=alice", "CI=true", "SLSFLOW_PARAM_line=" + ofCommandLine}
	var told bytes.Buffer
	deploy := func(stdin string, args ...string) int {
		t.Helper()
		fmt.Fprintf(&told, "\n$ deploy %s\n", strings.Join(args, " "))
		return run(t.Context(), append([]string{"-dir", dir}, args...), environ, strings.NewReader(stdin), &told, &told)
	}
	for name, secret := range canaries {
		require.Zero(t, deploy(secret, "-secret", "dev/"+name), told.String())
	}
	require.Zero(t, deploy("", "api"), told.String())
	services := []string{"failing", "testing", "file", "self", "env", "bool", "output", "region", "published"}
	for _, service := range services {
		deploy("", "-json", service) // a plan may refuse it, or its run fail
	}
	require.Zero(t, deploy("", "-history"))
	require.Zero(t, deploy("", "-history", "-json"))
	require.Zero(t, deploy("", "-remove", "api"), told.String())

	// What is looked for is there to be found.
	cmd := exec.CommandContext(t.Context(), spellCommand)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	want := 0
	for name, secret := range canaries {
		cmd.Env = append(cmd.Env, name+"="+secret)
		want += len(spellings(secret))
	}
	open, err := cmd.CombinedOutput()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(found("spell", open)), want)

	require.Empty(t, found("what is told", told.Bytes()))
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		require.Empty(t, found(path, text))
		files++
		return err
	}))
	require.Greater(t, files, len(services)+10, "the state, the logs and the rendered files are below the repository")
	require.Contains(t, told.String(), "REDACTED")
}
