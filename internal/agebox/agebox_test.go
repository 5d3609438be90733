package agebox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/agebox"
)

// A secret opens with the key and the name that it was sealed with.
func Example() {
	key, _ := agebox.NewKey()
	box, _ := agebox.Load(key, "")
	sealed, _ := box.Seal("shop/dev/api_key", []byte("23423-dev"))
	secret, err := box.Open("shop/dev/api_key", sealed)
	fmt.Println(string(secret), err)
	_, err = box.Open("shop/prod/api_key", sealed)
	fmt.Println(err)
	// Output:
	// 23423-dev <nil>
	// decrypt: it is the secret of "shop/dev/api_key", moved here
}

func newKey(t *testing.T) string {
	t.Helper()
	key, err := agebox.NewKey()
	require.NoError(t, err)
	return key
}

func load(t *testing.T, text string) *agebox.Box {
	t.Helper()
	box, err := agebox.Load(text, "")
	require.NoError(t, err)
	return box
}

func TestSealAnyBytes(t *testing.T) {
	box := load(t, newKey(t))
	for _, secret := range []string{"", "x", "\x00\xff", strings.Repeat("long ", 50_000)} {
		for _, name := range []string{"", "a/b/c", strings.Repeat("n", 300)} {
			sealed, err := box.Seal(name, []byte(secret))
			require.NoError(t, err)
			if len(secret) > 1 {
				require.NotContains(t, string(sealed.Data), secret)
			}
			got, err := box.Open(name, sealed)
			require.NoError(t, err)
			require.Equal(t, secret, string(got))
		}
	}
}

func TestTheSameSecretLooksDifferentEachTime(t *testing.T) {
	box := load(t, newKey(t))
	a, err := box.Seal("n", []byte("secret"))
	require.NoError(t, err)
	b, err := box.Seal("n", []byte("secret"))
	require.NoError(t, err)
	require.NotEqual(t, a.Data, b.Data)
}

func TestKeysAreChangedByPuttingTheNewOneFirst(t *testing.T) {
	old, next := newKey(t), newKey(t)
	sealed, err := load(t, old).Seal("n", []byte("secret"))
	require.NoError(t, err)

	both := load(t, next+old)
	got, err := both.Open("n", sealed)
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))

	again, err := both.Seal("n", got)
	require.NoError(t, err)
	_, err = load(t, next).Open("n", again)
	require.NoError(t, err)
	require.ErrorIs(t, load(t, old).Check(again.Recipient), agebox.ErrKey)
}

func TestWrongAndMissingKeys(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "key.txt")
	require.NoError(t, os.WriteFile(file, []byte(newKey(t)), 0o600))
	sealed, err := load(t, newKey(t)).Seal("n", []byte("secret"))
	require.NoError(t, err)

	wrong, err := agebox.Load("", file)
	require.NoError(t, err)
	own, err := wrong.Seal("n", nil)
	require.NoError(t, err)
	_, err = wrong.Open("n", sealed)
	require.ErrorIs(t, err, agebox.ErrKey)
	require.EqualError(t, err, fmt.Sprintf("wrong or missing key: encrypted for %s, but key file %s is of %s (give the secret key of the former)",
		sealed.Recipient, file, own.Recipient))

	none := load(t, "")
	require.True(t, none.Empty())
	_, err = none.Open("n", sealed)
	require.ErrorIs(t, err, agebox.ErrKey)
	_, err = none.Seal("n", nil)
	require.EqualError(t, err, "wrong or missing key: none given (give the text or the file of an age key; age-keygen makes one)")

	forged := sealed
	forged.Recipient = own.Recipient
	_, err = wrong.Open("n", forged)
	require.ErrorContains(t, err, "decrypt: damaged: ")
}

func TestDamage(t *testing.T) {
	box := load(t, newKey(t))
	sealed, err := box.Seal("n", []byte("secret"))
	require.NoError(t, err)
	for i := range sealed.Data {
		damaged := agebox.Sealed{Recipient: sealed.Recipient, Data: append([]byte(nil), sealed.Data...)}
		damaged.Data[i] ^= 1
		_, err := box.Open("n", damaged)
		require.Error(t, err, "byte %d", i)
	}
	for n := range len(sealed.Data) {
		_, err := box.Open("n", agebox.Sealed{Recipient: sealed.Recipient, Data: sealed.Data[:n]})
		require.Error(t, err, "%d bytes", n)
	}
}

func TestTextsThatAreNoKey(t *testing.T) {
	key := newKey(t)
	public := strings.Fields(strings.SplitN(key, "public key: ", 2)[1])[0]
	secret := strings.TrimSpace(key[strings.Index(key, "AGE-"):])
	missing := filepath.Join(t.TempDir(), "no.txt")
	for want, in := range map[string][2]string{
		"the key given as text, line 2: no age key, which begins with AGE-SECRET-KEY-1 (age-keygen makes one)":                        {"\n" + secret[:len(secret)-1], ""},
		"the key given as text, line 1: a public key, which cannot decrypt (give the secret one, which begins with AGE-SECRET-KEY-1)": {public, ""},
		"the key given as text: no key in it (age-keygen makes one)":                                                                  {"# nothing\n\n", ""},
		"a key as text and key file k.txt (give one of them)":                                                                         {key, "k.txt"},
		"key file: open " + missing + ": no such file or directory (age-keygen -o " + missing + " makes one)":                         {"", missing},
		"the key given as text, line 3: no age key, which begins with AGE-SECRET-KEY-1 (age-keygen makes one)":                        {"# a\r\n" + secret + "\r\n" + secret + secret, ""},
	} {
		_, err := agebox.Load(in[0], in[1])
		require.ErrorIs(t, err, agebox.ErrKey)
		require.EqualError(t, err, "wrong or missing key: "+want)
		require.NotContains(t, err.Error(), secret[20:40])
	}
	load(t, "  "+secret+"\r\n")
}

// What anybody may have written into the file is an error at worst.
func FuzzOpen(f *testing.F) {
	key, err := agebox.NewKey()
	require.NoError(f, err)
	box, err := agebox.Load(key, "")
	require.NoError(f, err)
	sealed, err := box.Seal("n", []byte("secret"))
	require.NoError(f, err)
	f.Add("n", sealed.Recipient, sealed.Data)
	f.Add("m", sealed.Recipient, []byte("age-encryption.org/v1\n"))
	f.Fuzz(func(t *testing.T, name, recipient string, data []byte) {
		got, err := box.Open(name, agebox.Sealed{Recipient: recipient, Data: data})
		if err == nil && (name != "n" || string(got) != "secret") {
			t.Errorf("%q opened as %q", name, got)
		}
	})
}
