package testenv

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// ExampleServices returns the serverless.yml of the workshop and of the README, by a name
// for the test.
func ExampleServices(tb testing.TB) map[string]string {
	tb.Helper()
	root, err := Root(".")
	if err != nil {
		tb.Fatal(err)
	}
	read := func(file string) string {
		src, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		return string(src)
	}
	services := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(root, "examples", "workshop", "app", "*", "serverless.yml")) // the pattern is right
	for _, file := range files {
		services["workshop "+filepath.Base(filepath.Dir(file))] = read(file)
	}
	inReadme := regexp.MustCompile(`(?s)/(\w+)/serverless\.yml" <<'YML'\n(.*?\n)YML\n`).FindAllStringSubmatch(read(filepath.Join(root, "README.md")), -1)
	for _, block := range inReadme {
		services["README "+block[1]] = block[2]
	}
	if len(files) == 0 || len(inReadme) == 0 {
		tb.Fatal("there are no services in the workshop, or in the README")
	}
	return services
}
