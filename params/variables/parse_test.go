package variables_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

// show writes a Text in a short form: [start,end) and the sources of each
// variable, nested ones in the same way. All offsets are those of s.
func show(s string, parts []variables.Part) string { return showInside(s, -1, parts) }

// showInside is show for parts of which the offsets count from a byte, or for those
// of s itself if it is -1.
func showInside(s string, base int, parts []variables.Part) string {
	var all []string
	for _, p := range parts {
		inner := base
		if base < 0 {
			inner = p.Start
		} else {
			p.Start, p.End = base+p.Start, base+p.End
		}
		if p.Sources == nil {
			all = append(all, fmt.Sprintf("%d-%d %q", p.Start, p.End, p.Escape))
			continue
		}
		var sources []string
		for _, c := range p.Sources {
			if c.Type == "" {
				sources = append(sources, fmt.Sprintf("=%#v", c.Literal))
				continue
			}
			text := c.Type
			if c.Params != nil {
				var args []string
				for _, a := range c.Params {
					args = append(args, showArg(s, inner, a))
				}
				text += "(" + strings.Join(args, " ") + ")"
			}
			if c.Address != nil {
				text += ":" + showArg(s, inner, *c.Address)
			}
			sources = append(sources, text)
		}
		all = append(all, fmt.Sprintf("%d-%d %s", p.Start, p.End, strings.Join(sources, " | ")))
	}
	return strings.Join(all, "; ")
}

func showArg(s string, base int, a variables.Arg) string {
	if a.Parts != nil {
		return fmt.Sprintf("{%s: %s}", s[base+a.Start:base+a.End], showInside(s, base, a.Parts))
	}
	if text, ok := a.Value().(string); ok {
		return text
	}
	return fmt.Sprintf("%#v", a.Value())
}

// parseRow is a text and what Parse finds in it, in the form of show, or the code
// of its error.
type parseRow struct{ name, s, want string }

// parseRows are those of the grammar of Serverless Framework 3. Which of them the
// command line reads otherwise is in parseRepairs.
func parseRows() []parseRow {
	return []parseRow{
		{"P1", `${env:HOME}`, "0-11 env:HOME"},
		{"P2", `a${env:X}b`, "1-9 env:X"},
		{"P3", `${env:X}${env:Y}`, "0-8 env:X; 8-16 env:Y"},
		{"P4", `${env:}`, "0-7 env"},
		{"P5", `${env: X }`, "0-10 env:X"},
		{"P6", `${env :X}`, ""},
		{"P7", `${e-v:X}${e.v:X}${eNV:X}`, "0-8 e-v:X; 8-16 e.v:X; 16-24 eNV:X"},
		{"P8", `${a.b:x, a.b:y}`, "INVALID_VARIABLE_SOURCE"},
		{"P9", `${env(a)X}`, "INVALID_VARIABLE_ADDRESS"},
		{"P10", `${file( ./a.yml ):k.v}`, "0-22 file(./a.yml):k.v"},
		{"P11", `${file(./a b.yml)}`, "0-18 file(./a b.yml)"},
		{"P12", `${file("./a,b.yml"):k}`, "0-22 file(./a,b.yml):k"},
		{"P13", `${file('./a)b.yml')}`, "0-20 file(./a)b.yml)"},
		{"P14", `${file(./a(1).yml)}`, "INVALID_VARIABLE_ADDRESS"},
		{"P15", `${file(./a.yml) : k}`, "0-20 file(./a.yml):k"},
		{"P16", "${file(./a.yml)\n:k}", "INVALID_VARIABLE_ADDRESS"},
		{"P17", `${file(,x)}`, "0-11 file(<nil> x)"},
		{"P18", `${self:a , self:b}`, "0-18 self:a | self:b"},
		{"P19", "${self:a,\n self:b}", "0-18 self:a | self:b"},
		{"P20", "${self:a\n, self:b}", "0-18 self:a | self:b"},
		{"P21", `${self:a"b}`, `0-11 self:a"b`},
		{"P22", `${self:"a\"b"}`, `0-14 self:a"b`},
		{"P23", `${self:'a\nb'}`, `0-14 self:a\nb`},
		{"P24", `${self:"a"b}`, "INVALID_VARIABLE_ADDRESS"},
		{"P25", `${opt:s, 'dev'}`, `0-15 opt:s | ="dev"`},
		{"P26", `${opt:s, 'it''s'}`, "INVALID_VARIABLE_SOURCE"},
		{"P27 text", `${opt:s, 'a', 'b'}`, "INVALID_VARIABLE_SOURCE"},
		{"P27 number", `${opt:s, 1, self:a}`, "INVALID_VARIABLE_SOURCE"},
		{"P28 -1.5", `${opt:s, -1.5}`, `0-14 opt:s | =-1.5`},
		{"P28 1e3", `${opt:s, 1e3}`, `0-13 opt:s | =1000`},
		{"P28 .5", `${opt:s, .5}`, `0-12 opt:s | =0.5`},
		{"P28 0x1F", `${opt:s, 0x1F}`, `0-14 opt:s | =31`},
		{"P28 007", `${opt:s, 007}`, `0-13 opt:s | =7`},
		{"P28 0b11", `${opt:s, 0b11}`, `0-14 opt:s | =3`},
		{"P29 1_000", `${opt:s, 1_000}`, "INVALID_VARIABLE_SOURCE"},
		{"P29 +1", `${opt:s, +1}`, "INVALID_VARIABLE_SOURCE"},
		{"P29 é", `${opt:s, é}`, "INVALID_VARIABLE_SOURCE"},
		{"P30 dev", `${opt:s, dev}`, "INVALID_VARIABLE_LITERAL_SOURCE"},
		{"P30 True", `${opt:s, True}`, "INVALID_VARIABLE_LITERAL_SOURCE"},
		{"P30 undefined", `${opt:s, undefined}`, "INVALID_VARIABLE_LITERAL_SOURCE"},
		{"P30 NaN", `${opt:s, NaN}`, "INVALID_VARIABLE_LITERAL_SOURCE"},
		{"P30 -", `${opt:s, -}`, "INVALID_VARIABLE_LITERAL_SOURCE"},
		{"P30 1 2", `${opt:s, 1 2}`, "INVALID_VARIABLE_LITERAL_SOURCE"},
		{"P31", `${opt:s, Infinity}`, "INVALID_VARIABLE_LITERAL_SOURCE"},
		{"P32 ,", `${opt:s,}`, "INVALID_VARIABLE_SOURCE"},
		{"P32 , ", `${opt:s, }`, "INVALID_VARIABLE_SOURCE"},
		{"P32 , , 1", `${opt:s, , 1}`, "INVALID_VARIABLE_SOURCE"},
		{"P32 []", `${opt:s, []}`, "INVALID_VARIABLE_SOURCE"},
		{"P32 {}", `${opt:s, {}}`, "INVALID_VARIABLE_SOURCE"},
		{"P32 ${}", `${opt:s, ${self:a}}`, "INVALID_VARIABLE_SOURCE"},
		{"P33", `${opt:s, ''}`, `0-12 opt:s | =""`},
		{"P34 JSON", "${opt:s, \"x\ny\"}", "INVALID_VARIABLE_STRING_LITERAL"},
		{"P34", "${opt:s, 'x\ny'}", `0-15 opt:s | ="x\ny"`},
		{"P35", `${AWS::Region}${self::a}${foo::bar}${Foo}${}${!Literal}${Env:X}${ env:X}${e_v:X}${'x'}${12}`, ""},
		{"P36", `${AWS::${env:X}}`, "7-15 env:X"},
		{"P37", `${Foo ${env:A} bar}`, "6-14 env:A"},
		{"P38", `${a${env:X}b}`, "3-11 env:X"},
		{"P39", `${env:A_${env:B}}`, "0-17 env:{A_${env:B}: 8-16 env:B}"},
		{"P40", `${env:${env:A}${env:B}}`, "0-23 env:{${env:A}${env:B}: 6-14 env:A; 14-22 env:B}"},
		{"P41", `${env:${AWS::Region}}`, "INVALID_VARIABLE_TYPE"},
		{"P42", `${t(${x})}`, "INVALID_VARIABLE_TYPE"},
		{"P42 empty", `${t:${}}`, "INVALID_VARIABLE_TYPE"},
		{"P43", `${s:${output::d::k}}`, "0-20 s:{${output::d::k}: 4-19 output::d::k}"},
		{"P44", `$${env:X}`, "1-9 env:X"},
		{"P45", `a$${env:X}`, "2-10 env:X"},
		{"P46", `\${env:X}`, `0-2 "$"`},
		{"P47", `\\${env:X}`, `0-2 "\\"; 2-10 env:X`},
		{"P48", `\\\${env:X}`, `0-4 "\\$"`},
		{"P49", `a\b${env:X}`, "3-11 env:X"},
		{"P50", `${x:\${env:A}}`, `0-14 x:{\${env:A}: 5-13 env:A}`},
		{"P51", `$ {env:X}{env:X}$$${`, ""},
		{"P51 type", `${a`, ""},
		{"P52 address", `${t:a`, "UNTERMINATED_VARIABLE"},
		{"P52 param", `${t(a`, "UNTERMINATED_VARIABLE"},
		{"P52 quoted param", `${t("a}`, "UNTERMINATED_VARIABLE"},
		{"P52 quoted literal", `${t:a, "b}`, "UNTERMINATED_VARIABLE"},
		{"P53", `${env:x$}`, "UNTERMINATED_VARIABLE"},
		{"P54", `${env:x$y}`, "0-10 env:x$y"},
		{"P55", `${env:a}b}`, "0-8 env:a"},
		{"P56", `${env:{a}}`, "0-9 env:{a"},
		{"P57", `${env:a:b,c:d}`, "0-14 env:a:b | c:d"},
		{"P58", `${env:a(b,c)}`, "INVALID_VARIABLE_SOURCE"},
		{"P59", `${t(a,b , "c d",'e',true,1,null,,x)}`, "0-36 t(a b c d e true 1 <nil> <nil> x)"},
		{"P60", `${t(false)}${t(0)}`, "0-11 t(false); 11-18 t(0)"},
		{"P61 brace", `${t(a,})}`, "INVALID_VARIABLE_PARAM"},
		{"P61 quoted", `${t("a"b)}`, "INVALID_VARIABLE_PARAM"},
		{"P62", `${output:svc.k}`, "0-15 output:svc.k"},
		{"P63", `${output:app:${param:env}:us-east-1:svc.k}`, "0-42 output:{app:${param:env}:us-east-1:svc.k: 13-25 param:env}"},
		{"P64", `${output::dev::svc.k}`, "0-21 output::dev::svc.k"},
		{"P65", `${output::${param:env}::svc.k}`, "0-30 output:{:${param:env}::svc.k: 10-22 param:env}"},
		{"P66", `${self:x, output::dev::svc.k}`, "0-29 self:x | output::dev::svc.k"},
		{"P66 another type", `${self:x, foo::dev}`, "INVALID_VARIABLE_ADDRESS"},
		{"P67", `${output()::dev::svc.k}`, "INVALID_VARIABLE_ADDRESS"},
		{"P68", `${s3:b/key,with,comma}`, "INVALID_VARIABLE_SOURCE"},
		{"P68 quoted", `${s3:"b/key,with,comma"}`, "0-24 s3:b/key,with,comma"},
		{"P69", `${param:a-b_c.d e}`, "0-18 param:a-b_c.d e"},
		{"P70", "${file(a)}\n", "0-10 file(a)"},
		{"offsets are bytes", `é${env:X}`, "2-10 env:X"},
		{"empty parentheses", `${t()}${t(,,)}${t(a,)}`, "0-6 t(); 6-14 t(<nil> <nil>); 14-22 t(a)"},
		{"address in quotes beside spaces", `${t: "a" , b:c}`, "0-15 t:a | b:c"},
		{"no-break space is trimmed", "${t:\u00a0a\u00a0}", "0-10 t:a"},
	}
}

func TestParse(t *testing.T) {
	for _, row := range parseRows() {
		t.Run(row.name, func(t *testing.T) {
			text, err := variables.Parse(row.s)
			got := show(row.s, text)
			if syntax, ok := errors.AsType[*variables.SyntaxError](err); ok {
				got = string(syntax.Code)
				require.NotEmpty(t, syntax.Error())
			}
			require.Equal(t, row.want, got)
		})
	}
}

func TestWhole(t *testing.T) {
	for s, want := range map[string]bool{
		`${a:b}`: true, `${a:b}` + "\n": false, ` ${a:b}`: false, `${a:b}${a:b}`: false, `\${a:b}`: false, `x`: false, `$${a:b}`: false,
	} {
		text, err := variables.Parse(s)
		require.NoError(t, err)
		require.Equal(t, want, text.Whole(s), s)
	}
}

func TestNestingIsBounded(t *testing.T) {
	for _, s := range []string{strings.Repeat("${a:", 10_000), strings.Repeat("${A", 10_000)} {
		_, err := variables.Parse(s)
		require.ErrorContains(t, err, "variables nest more than 200 deep")
	}
}

// Parts are in order, begin with "$" and end with "}", and are inside of the
// part that they belong to; an error is inside of the text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`${env:HOME}`, `a$${env:X}\\\${b}`, `${file("a,b"):k.${x:y}, 'z'}`, `${t(a, ${b:c}, 1,):"d" , e:f}`, `${AWS::${env:X}}`, `${output::${param:env}::svc.k}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := variables.Parse(s)
		if err != nil {
			syntax, ok := errors.AsType[*variables.SyntaxError](err)
			if !ok || syntax.Offset < 0 || syntax.Offset > len(s) || !strings.HasPrefix(s[syntax.Start:], "${") {
				t.Fatalf("%q: %#v", s, err)
			}
			return
		}
		checkParts(t, s, text, 0, len(s), true)
	})
}

// checkParts checks parts between two bytes of s: those of a string, or of a
// variable in which the parts are.
func checkParts(t *testing.T, s string, parts []variables.Part, from, to int, outermost bool) {
	t.Helper()
	for _, p := range parts {
		if p.Start < from || p.End > to || p.Start >= p.End {
			t.Fatalf("%q: part %d-%d is not in %d-%d", s, p.Start, p.End, from, to)
		}
		from = p.End
		if p.Sources == nil {
			continue
		}
		if !strings.HasPrefix(s[p.Start:], "${") || s[p.End-1] != '}' {
			t.Fatalf("%q: %q is no variable", s, s[p.Start:p.End])
		}
		v, start, end := s, p.Start, p.End
		if outermost {
			v = s[start:end]
			start, end = 0, len(v)
		}
		for _, c := range p.Sources {
			if c.Start < start || c.End > end || c.Start >= c.End {
				t.Fatalf("%q: source %d-%d is not in %d-%d", v, c.Start, c.End, start, end)
			}
			for _, a := range c.Params {
				checkParts(t, v, a.Parts, a.Start, a.End, false)
			}
			if c.Address != nil {
				checkParts(t, v, c.Address.Parts, c.Address.Start, c.Address.End, false)
			}
		}
	}
}
