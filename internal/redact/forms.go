package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
)

// minDerived is the length of the shortest secret that is also looked for in
// base64 and hexadecimal, in bytes. Those forms of a shorter one are two or
// three characters that stand everywhere.
const minDerived = 4

// minLine is the length of the shortest line of a secret with several lines that
// is looked for by itself, in bytes.
const minLine = 8

// form is a text that gives a secret away. Programs break some into lines.
type form struct {
	text  string
	folds bool
}

// forms returns the texts that give a secret away: as it is, and as programs
// print it.
func forms(secret string) []form {
	seen := map[string]bool{}
	var all []form
	put := func(s string, folds bool) {
		if s != "" && !seen[s] {
			seen[s] = true
			all = append(all, form{s, folds})
		}
	}
	add := func(s string) { put(s, false) }
	parts := []string{secret}
	if t := strings.TrimSpace(secret); t != "" {
		parts = append(parts, t)
	}
	if lines := strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' }); len(lines) > 1 {
		for _, l := range lines {
			if l = strings.TrimSpace(l); len(l) >= minLine {
				parts = append(parts, l)
			}
		}
	}
	for _, s := range parts {
		add(s)
		quoted(s, add)
		escaped(s, add)
		if len(s) < minDerived {
			continue
		}
		fold := func(s string) {
			put(s, true)
			add(url.QueryEscape(s))
		}
		encoded(s, fold)
		for _, j := range jsonForms(s)[:2] { // a document of JSON in base64
			encoded(j, func(s string) { put(s, true) })
		}
	}
	return all
}

// quoted adds s as it stands inside the strings of JSON, of shells, of Go and of
// YAML, without the quotes around it.
func quoted(s string, add func(string)) {
	for _, j := range jsonForms(s) {
		add(j)
		for _, twice := range jsonForms(j) { // JSON in a string of JSON
			add(twice)
		}
	}
	inner := func(q string) string { return q[1 : len(q)-1] }
	add(inner(strconv.Quote(s)))
	add(inner(strconv.QuoteToASCII(s)))
	add(strings.ReplaceAll(s, "'", `'\''`))
	add(strings.ReplaceAll(s, "'", `'"'"'`))
	add(strings.ReplaceAll(s, "'", "''"))
	add(strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(s))
	ansi := strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
	add(ansi)
	add(bytewise(ansi, `\%03o`)) // $'…' of a shell that knows no Unicode
	add(bytewise(ansi, `\x%02x`))
	var b strings.Builder // printf %q
	for _, r := range s {
		if r < 0x80 && !strings.ContainsRune(shellSafe, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	add(b.String())
}

// bytewise writes each byte that is not ASCII, or a control character, by itself.
func bytewise(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			fmt.Fprintf(&b, format, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

const shellSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+-./:=@_"

// jsonForms returns s as JSON has it: as it is, with < and > escaped, and in rarer
// ways.
func jsonForms(s string) []string {
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // of a text it never fails
	p := strings.TrimSuffix(plain.String(), "\n")
	p = p[1 : len(p)-1]
	marshalled, _ := json.Marshal(s)
	m := string(marshalled[1 : len(marshalled)-1])
	return []string{p, m, strings.ReplaceAll(p, "/", `\/`), ascii(p, "%04x"), ascii(p, "%04X")}
}

// ascii writes all that is not ASCII as \uXXXX.
func ascii(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u`+format, u)
		}
	}
	return b.String()
}

// escaped adds s as it stands in URLs, in HTML and in XML.
func escaped(s string, add func(string)) {
	for _, u := range []string{
		url.QueryEscape(s), url.PathEscape(s),
		strings.ReplaceAll(url.QueryEscape(s), "+", "%20"),
		percent(s, "-_.!~*'()"),                 // encodeURIComponent
		percent(s, "-_.!~*'();/?:@&=+$,#"),      // encodeURI
		percent(s, "-_.~"), percent(s, "/-_.~"), // RFC 3986
	} {
		add(u)
		add(lowerHex(u))
	}
	add(html.EscapeString(s))
	add(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s))
	add(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(s))
}

func percent(s, safe string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(safe, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// lowerHex makes the digits behind each % lower case.
func lowerHex(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
			i += 2
		}
	}
	return string(b)
}

// encoded adds s in hexadecimal and in base64: as a whole, and what is the same
// wherever s begins inside a longer text, which has three cases.
func encoded(s string, add func(string)) {
	add(hex.EncodeToString([]byte(s)))
	add(strings.ToUpper(hex.EncodeToString([]byte(s))))
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for before := range 3 {
			text := enc.EncodeToString(append(make([]byte, before), s...))
			// A character stands for 6 bits; only those that are all of s count.
			from, to := (8*before+5)/6, 8*(before+len(s))/6
			add(text[from:to])
			// Where the longer text ends with s, so do these.
			add(text[from:])
			add(strings.TrimRight(text[from:], "="))
		}
	}
}
