package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/dotenv"
	"github.com/slsflow/slsflow/profile"
)

// formats are those of import and export.
var formats = []string{"dotenv", "json", "yaml"}

// formatOf is the format of a file.
func (o options) formatOf(file string) (string, error) {
	switch ext := filepath.Ext(file); {
	case o.format != "":
		return o.format, nil
	case ext == ".json":
		return "json", nil
	case ext == ".yml" || ext == ".yaml":
		return "yaml", nil
	case strings.HasPrefix(filepath.Base(file), ".env") || ext == ".env":
		return "dotenv", nil
	}
	return "", fmt.Errorf("%s: what format is it? (name it with -format: %s)", file, strings.Join(formats, ", "))
}

// importFile puts all secrets of a file, or none if something is wrong with one.
func importFile(ctx context.Context, o options, s streams) error {
	var found map[string]string
	err := inProfile(ctx, o, names, func(h *house, p profile.Profile, _ params.Versioned) (err error) { // a mistake makes no file
		if found, err = o.read(s.in); err != nil {
			return err
		}
		var problems []error
		for _, name := range slices.Sorted(maps.Keys(found)) {
			problems = append(problems, h.isSecret(p, name))
		}
		return errors.Join(problems...)
	})
	if err != nil {
		return err
	}
	return inProfile(ctx, o, writes, func(h *house, p profile.Profile, store params.Versioned) error {
		var docs []changeDoc
		var problems []error
		for _, name := range slices.Sorted(maps.Keys(found)) {
			c, err := h.swap(ctx, store, o, p, name, params.NewSecret(found[name]))
			if err != nil {
				problems = append(problems, err)
				continue
			}
			docs = append(docs, changeDoc{p.Name, name, c})
		}
		return errors.Join(tell(s.out, o, docs), errors.Join(problems...))
	})
}

// read returns the params of a file. No error quotes a value.
func (o options) read(in io.Reader) (map[string]string, error) {
	file := o.args[0]
	format, err := o.formatOf(file)
	if err != nil {
		return nil, err
	}
	var text []byte
	if file == "-" {
		file = "standard input"
		text, err = io.ReadAll(in)
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	if format == "dotenv" {
		found := make(map[string]string)
		for _, v := range dotenv.Parse(string(text)) {
			if v.Value == "" {
				return nil, fmt.Errorf("%s:%d: %s is empty (give it a value, or leave it out)", file, v.Line, v.Name)
			}
			found[v.Name] = v.Value
		}
		return found, nil
	}
	parse := yamldoc.Parse
	if format == "json" {
		parse = yamldoc.ParseJSON
	}
	n, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	if n == nil || n.Kind != yamldoc.Mapping {
		return nil, fmt.Errorf("%s: want a map of names and texts", file)
	}
	found := make(map[string]string)
	var problems []error
	for _, f := range n.Fields {
		text, isText := f.Value.AsText()
		if f.Value.Kind != yamldoc.Scalar || !isText || text == "" {
			problems = append(problems, fmt.Errorf("%v: %s: want a text that is not empty (put it in quotes)", f.Value.Pos, f.Name))
		}
		found[f.Name] = text
	}
	return found, errors.Join(problems...)
}

// export prints the secrets of a profile that have a value.
func export(ctx context.Context, o options, s streams) error {
	return inProfile(ctx, o, values, func(h *house, p profile.Profile, store params.Versioned) error {
		return h.export(ctx, o, s, p, store)
	})
}

func (h *house) export(ctx context.Context, o options, s streams, p profile.Profile, store params.Versioned) error {
	keys := make([]params.Key, len(p.Secrets))
	for i, name := range p.Secrets {
		keys[i] = h.key(p, name)
	}
	found, err := params.GetMany(ctx, store, keys)
	if err != nil {
		return err
	}
	texts := make(map[string]string)
	for k, v := range found {
		secret, ok := v.(params.Secret)
		if !ok {
			return fmt.Errorf("%s of profile %s is not kept as a secret (params set puts it anew)", k.Name, p.Name)
		}
		texts[k.Name] = secret.Reveal()
	}
	return writeAll(s.out, o, texts)
}

func writeAll(w io.Writer, o options, texts map[string]string) error {
	if o.json || o.format == "json" {
		return lines.JSON(w, texts)
	}
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if o.format == "yaml" {
			fmt.Fprintf(&b, "%s: %s\n", quoted(name), quoted(texts[name]))
			continue
		}
		line, ok := dotenvLine(name, texts[name])
		if !ok {
			return fmt.Errorf("%s cannot be said in dotenv (use -format json or yaml)", name)
		}
		b.WriteString(line)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// quoted is a text in quotes, as JSON and YAML have it.
func quoted(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// dotenvLine is the line that is read as the text: in one kind of quotes or another.
func dotenvLine(name, text string) (string, bool) {
	for _, quote := range []string{"", "'", `"`, "`"} {
		line := name + "=" + quote + text + quote + "\n"
		if vars := dotenv.Parse(line); len(vars) == 1 && vars[0].Name == name && vars[0].Value == text {
			return line, true
		}
	}
	return "", false
}
