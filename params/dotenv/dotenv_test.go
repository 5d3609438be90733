package dotenv_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/dotenv"
)

func Example() {
	service := fstest.MapFS{
		".env":     {Data: []byte("TABLE=any")},
		".env.dev": {Data: []byte("TABLE=dev-$USER # of the developer")},
	}
	env, file, err := dotenv.Load(service, ".", "dev", map[string]string{"USER": "ann"})
	fmt.Println(env["TABLE"], file, err)
	// Output: dev-ann .env.dev <nil>
}

func TestParse(t *testing.T) {
	for src, want := range map[string]string{
		"A=b":                    "A=b",
		"A = b ":                 "A=b",
		"A: b":                   "A=b",
		"A:b":                    "",
		"  export  A=b":          "A=b",
		"export=b":               "export=b",
		"A=":                     "A=",
		"A=\nB=c":                "A= B=c",
		"A=b # c":                "A=b",
		"A=b#c":                  "A=b",
		"A='b # c' # d":          "A=b # c",
		`A="b\nc"`:               "A=b\nc",
		`A='b\nc'`:               `A=b\nc`,
		"A=\"b\nc\"\nB=d":        "A=b\nc B=d",
		"A=`it's \"b\"`":         "A=it's \"b\"",
		`A="b" c`:                `A="b" c`,
		`A="b`:                   `A="b`,
		`A='it\'s'`:              `A=it\'s`,
		"# A=b\n\nx\nB=c":        "B=c",
		"A.b-c=d":                "A.b-c=d",
		"A=b\r\nB=c\rC=d":        "A=b B=c C=d",
		"=b":                     "",
		"A B=c":                  "",
		"A={\"b\": \"c\"}":       `A={"b": "c"}`,
		"A=postgres://u:p@h/d?x": "A=postgres://u:p@h/d?x",
	} {
		var got []string
		for _, v := range dotenv.Parse(src) {
			got = append(got, v.Name+"="+v.Value)
		}
		require.Equal(t, want, strings.Join(got, " "), "%q", src)
	}
	vars := dotenv.Parse("\nA='x\ny'\nB=z")
	require.Equal(t, []dotenv.Var{{Name: "A", Value: "x\ny", Line: 2}, {Name: "B", Value: "z", Line: 4}}, vars)
}

func TestLoad(t *testing.T) {
	environ := map[string]string{"HOME": "/home", "EMPTY": ""}
	for src, want := range map[string]string{
		"X=$HOME/x":         "/home/x",
		"X=${HOME}x":        "/homex",
		"A=1\nX=$A$B":       "1",
		"X=${B:-d}":         "d",
		"X=${B-d}":          "d",
		"X=${HOME:-d}":      "/home",
		"X=${HOME:+d}":      "d",
		"X=${B:+d}":         "",
		`X=\$HOME`:          "$HOME",
		"X=$5":              "$5",
		"X=a$":              "a$",
		"X=${":              "${",
		"A='$B'\nB=1\nX=$A": "1",
		"X=${X:-d}":         "d",
		"X=1\nX=2":          "2",
	} {
		env, file, err := dotenv.Load(fstest.MapFS{"s/.env": {Data: []byte(src)}}, "s", "dev", environ)
		require.NoError(t, err, src)
		require.Equal(t, "s/.env", file)
		require.Equal(t, want, env["X"], src)
		require.Equal(t, "/home", env["HOME"])
	}
	env, file, err := dotenv.Load(fstest.MapFS{".env": {Data: []byte("HOME=x\nEMPTY=x")}}, ".", "dev", environ)
	require.NoError(t, err)
	require.Equal(t, ".env", file)
	require.Equal(t, environ, env, "never over the real environment")

	env, file, err = dotenv.Load(fstest.MapFS{}, ".", "dev", environ)
	require.NoError(t, err)
	require.Empty(t, file)
	require.Equal(t, environ, env)

	env, _, err = dotenv.Load(fstest.MapFS{".env": {Data: []byte("A=1")}, ".env.dev": {Data: []byte("B=2")}}, ".", "dev", nil)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"B": "2"}, env, "one file counts")

	_, _, err = dotenv.Load(fstest.MapFS{".env/x": {}}, ".", "dev", nil)
	require.Error(t, err, "a directory is no file without variables")

	files := fstest.MapFS{"s/.env": {Data: []byte("A=1\n# c\nSTAGE=x\nSTAGE=y")}}
	env, file, err = dotenv.Load(files, "s", "dev", nil, "STAGE", "OTHER")
	require.EqualError(t, err, `s/.env:3: STAGE: the stage or useDotenv depends on it, and so which file is read (set it in the environment, or take it out of the file)
s/.env:4: STAGE: the stage or useDotenv depends on it, and so which file is read (set it in the environment, or take it out of the file)`)
	require.Equal(t, "s/.env", file)
	require.Equal(t, map[string]string{"A": "1", "STAGE": "y"}, env)

	_, _, err = dotenv.Load(fstest.MapFS{".env": {Data: []byte("A=x$B\nB=y$A\nC=z$A")}}, ".", "dev", nil)
	require.EqualError(t, err, ".env:3: C: it refers to itself")

	big := "A=" + strings.Repeat("x", 1<<19) + "\nB=$A$A$A"
	_, _, err = dotenv.Load(fstest.MapFS{".env": {Data: []byte(big)}}, ".", "dev", nil)
	require.EqualError(t, err, ".env:2: B: the value is larger than 1 MiB")
}

// Whatever is in a file, each name is one, and no line is counted twice.
func FuzzParse(f *testing.F) {
	for _, src := range []string{"A=b", "export A='b\nc'", "A=\"\\", "A:\tb#", "\r\r\n=", "A=`"} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		line := 0
		for _, v := range dotenv.Parse(src) {
			if v.Name == "" || strings.ContainsAny(v.Name, " \t\n='\"") {
				t.Fatalf("the name %q", v.Name)
			}
			if v.Line <= line {
				t.Fatalf("line %d after %d", v.Line, line)
			}
			line = v.Line
		}
	})
}
