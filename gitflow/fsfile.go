package gitflow

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

func (f *commitFS) open(name string, n node) (fs.File, error) {
	info, err := f.info(path.Base(name), n)
	if err != nil {
		return nil, err
	}
	if n.isDir() {
		entries, err := f.entries(n)
		return &openDir{info: info, path: name, entries: entries}, err
	}
	text, err := f.objects.blob(n.hash)
	return &openFile{Reader: bytes.NewReader(text), info: info}, err
}

func (f *commitFS) entries(dir node) ([]fs.DirEntry, error) {
	nodes, err := f.list(dir)
	if err != nil {
		return nil, err
	}
	entries := make([]fs.DirEntry, len(nodes))
	for i, n := range nodes {
		entries[i] = dirEntry{fs: f, node: n}
	}
	return entries, nil
}

func (f *commitFS) info(name string, n node) (fs.FileInfo, error) {
	info := fileInfo{name: name, mode: n.fsMode(), time: f.time}
	if !n.isDir() {
		size, err := f.objects.size(n.hash)
		if err != nil {
			return nil, err
		}
		info.size = size
	}
	return info, nil
}

func (n node) fsMode() fs.FileMode {
	switch n.mode {
	case filemode.Dir, filemode.Submodule:
		return fs.ModeDir | 0o555
	case filemode.Symlink:
		return fs.ModeSymlink | 0o777
	case filemode.Executable:
		return 0o555
	default:
		return 0o444
	}
}

// fileInfo is what is known about a file of a commit.
type fileInfo struct {
	name string
	size int64
	mode fs.FileMode
	time time.Time
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.mode }
func (i fileInfo) ModTime() time.Time { return i.time }
func (i fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }
func (i fileInfo) String() string     { return fs.FormatFileInfo(i) }

// dirEntry is a file in a directory; a link is not followed.
type dirEntry struct {
	fs   *commitFS
	node node
}

func (e dirEntry) Name() string               { return e.node.name }
func (e dirEntry) IsDir() bool                { return e.node.isDir() }
func (e dirEntry) Type() fs.FileMode          { return e.node.fsMode().Type() }
func (e dirEntry) Info() (fs.FileInfo, error) { return e.fs.info(e.node.name, e.node) }
func (e dirEntry) String() string             { return fs.FormatDirEntry(e) }

// openFile is a file whose content is in memory; it can seek and be read at an
// offset.
type openFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

// openDir is a directory that is being listed.
type openDir struct {
	info    fs.FileInfo
	path    string
	entries []fs.DirEntry // those not given out yet
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.path, Err: errIsDirectory}
}

// ReadDir implements [fs.ReadDirFile].
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	list := d.entries[:n:n]
	d.entries = d.entries[n:]
	return list, nil
}
