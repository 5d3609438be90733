package gitflow

import (
	"fmt"
	"strings"
	"testing"
)

// Whatever stands in a URL, a password that was read from it is not in what is
// printed of it.
func FuzzRemoteURL(f *testing.F) {
	for _, url := range []string{
		"https://me:hunter2@host/x.git", "ssh://me:hunter2@host:2222/~me/x", "git@host:team/x.git", "me:hunter2@host:x", "me:hunter2@host/x",
		"file:///srv/x.git", "/srv/x.git", "https://hunter2@host", "https:me:hunter2@host/x", "//me:hunter2@host/x", "http://[::1]:80/x", "ssh://[::1/x", "%zz", "",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		m := &Remote{URL: url}
		p, err := m.place()
		for _, text := range []string{m.String(), fmt.Sprintf("%v %+v %#v", m, m, m), fmt.Sprint(err)} {
			if p.password != "" && !strings.Contains(p.host+p.path+p.scheme, p.password) && strings.Contains(text, p.password) && len(p.password) > 5 {
				t.Fatalf("%q holds the password of %q", text, url)
			}
			if before, _, ok := strings.Cut(url, "hunter2@"); ok && strings.Count(url, "@") == 1 && !strings.Contains(before, "/") && strings.Contains(text, "hunter2") {
				t.Fatalf("%q holds what stands before @ in %q", text, url)
			}
		}
	})
}
