package variables

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/slsflow/slsflow/internal/treefile"
	"github.com/slsflow/slsflow/internal/yamldoc"
)

// maxFileMiB bounds the size of a file that a variable reads.
const maxFileMiB = 16

// File is the source of ${file(path)} and ${file(path):key.key}. Files that end
// in .yml, .yaml, .json and .tfstate are parsed; others are texts. The path is
// relative to dir, which is a directory of fsys, and can lead to nothing outside
// of fsys; whether a symbolic link can is up to fsys (those of an os.Root
// cannot). A file that does not exist, and a key that is not in it, are absent.
// JavaScript and TypeScript files that exist are [ErrLeave]; see [FileAndPrograms].
func File(fsys fs.FS, dir string) Source { return &fileSource{fsys: fsys, dir: dir} }

// FileAndPrograms is [File] that has p run the files that are programs. What they
// do is not confined in any way: a document whose author is not trusted must not
// be resolved with it.
func FileAndPrograms(fsys fs.FS, dir string, p Programs) Source {
	return &fileSource{fsys: fsys, dir: dir, programs: p}
}

type fileSource struct {
	fsys     fs.FS
	dir      string
	programs Programs // or nil
}

// Resolve reads a file for a caller that knows no variables in it. A [Resolver]
// looks into the file itself, so that a key may lead through a variable.
func (f *fileSource) Resolve(_ context.Context, params []any, address any) (any, bool, error) {
	n, err := f.load(params)
	if err != nil || n == nil {
		return nil, false, err
	}
	keys, err := addressText("the address of file", address)
	if err != nil {
		return nil, false, err
	}
	if keys != "" {
		for key := range strings.SplitSeq(keys, ".") {
			if n = n.step(key); n == nil {
				return nil, false, nil
			}
		}
	}
	if err := notFinite(n); err != nil {
		return nil, false, err
	}
	return n.value(), n.kind != scalarNode || n.scalar != nil, nil
}

// notFinite refuses .inf and .nan, which are null where they are a part of a value
// and no result of a variable.
func notFinite(n *node) error {
	if n.kind != scalarNode || !n.yaml.NotFinite() {
		return nil
	}
	return Errors{{Pos: n.pos(), Code: BadResult, Msg: n.yaml.Text + " is no number of JSON", Hint: "quote it if it is a text"}}
}

// name returns the name of a file in the file system.
func (f *fileSource) name(params []any) (string, error) {
	if len(params) == 0 || params[0] == nil {
		return "", errors.New("no path, want ${file(path)}")
	}
	written, err := addressText("the path", params[0])
	if err != nil {
		return "", err
	}
	if written == "" {
		return "", errors.New("no path, want ${file(path)}")
	}
	if path.IsAbs(written) {
		return "", fmt.Errorf("the path %q is absolute, want one from the directory of the service", written)
	}
	name := path.Join(f.dir, written)
	if !fs.ValidPath(name) {
		return "", fmt.Errorf("the path %q leads out of the repository", written)
	}
	return name, nil
}

// load returns the content of a file, with positions and its origin in it. The node
// is nil if there is no such file.
func (f *fileSource) load(params []any) (*node, error) {
	name, err := f.name(params)
	if err != nil {
		return nil, err
	}
	switch ext := path.Ext(name); ext {
	case ".js", ".cjs", ".mjs", ".ts", ".mts", ".cts":
		if _, err := fs.Stat(f.fsys, name); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, fmt.Errorf("%s is a program: %w", name, ErrLeave)
	}
	src, err := treefile.Read(f.fsys, name, maxFileMiB)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	from := &origins{[]Origin{{Type: "file", Address: name, Object: name}}}
	switch path.Ext(name) {
	case ".yml", ".yaml", ".json", ".tfstate":
		n, _, errs := readTree(name, src, from)
		switch {
		case n != nil: // what is wrong with a variable in it is told where it is needed
			return n, nil
		case len(errs) == 0:
			return nil, fmt.Errorf("%s is empty", name)
		}
		for _, e := range errs {
			e.Code = SourceFailed
		}
		return nil, errs.Err()
	}
	if !utf8.Valid(src) {
		return nil, fmt.Errorf("%s is no UTF-8 text", name)
	}
	b := builder{origins: from}
	return b.plain(yamldoc.Text(name, src)), nil
}

// file is the source of ${file(path):a.b}. The keys may lead through variables
// of the file.
func (s *session) file(ctx context.Context, x *variable, f *fileSource, a *args) (*node, status, string) {
	if f.programs != nil {
		list, _ := a.values()
		if name, err := f.name(list); err == nil && f.programs.Runs(name) {
			return s.program(ctx, x, f, name, a)
		}
	}
	key := ""
	if len(a.params) > 0 {
		var isText bool
		if key, isText = a.params[0].text(); !isText {
			key = fmt.Sprintf("\x00%v", a.params[0].value()) // as no path is
		}
	}
	root, ok := s.files[key]
	if !ok {
		tree, err := s.memo.load(f, key, a)
		if err != nil {
			return nil, s.refused(ctx, x, a, err), ""
		}
		if tree != nil {
			root = &cell{n: tree, file: true}
		}
		if s.files == nil {
			s.files = make(map[string]*cell)
		}
		s.files[key] = root
	}
	if root == nil {
		return s.none(func() string { return "there is no file " + a.params[0].String() })
	}
	keys, err := addressText("the address of file", a.address.value())
	if err != nil {
		return nil, s.refused(ctx, x, a, err), ""
	}
	c := root
	for more := keys != ""; more; {
		var key string
		key, keys, more = strings.Cut(keys, ".")
		next, _, st := s.enter(ctx, c, key)
		if st == absent {
			return s.none(func() string { return fmt.Sprintf("%s has no %s", a.params[0], a.address) })
		}
		if st != found {
			return nil, st, ""
		}
		c = next
	}
	if err := notFinite(c.n); err != nil {
		return nil, s.refused(ctx, x, a, err), ""
	}
	if c.n.kind == scalarNode && c.n.scalar == nil {
		return s.none(func() string { return fmt.Sprintf("%s holds null there", a.params[0]) })
	}
	return c.n, found, ""
}
