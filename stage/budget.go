package stage

import (
	"fmt"
	"strings"
)

// CloudName is a name that AWS will see when a service is deployed to a stage.
type CloudName struct {
	// Service is whose it is, and What says what is called so: "stack",
	// "function submit".
	Service string `json:"service"`
	What    string `json:"what"`
	// Text is the name in the stage.
	Text string `json:"text"`
	// Limit is how many characters AWS allows, or 0 if no limit is known.
	Limit int `json:"limit,omitempty"`
	// Lower says that AWS allows no capital letter.
	Lower bool `json:"lower,omitempty"`
	// Cut says that CloudFormation makes the name, and cuts it to the limit.
	Cut bool `json:"cut,omitempty"`
	// Stage is the stage that Text was made for.
	Stage Name `json:"stage"`
}

// Left returns how many characters the name could be longer: [MaxLen] if it has no
// limit. It is negative if the name is too long.
func (c CloudName) Left() int {
	switch {
	case c.Limit == 0:
		return MaxLen
	case c.Cut:
		return max(0, c.Limit-len(c.Text))
	default:
		return c.Limit - len(c.Text)
	}
}

// Problem says what AWS would not take of the name, or is "".
func (c CloudName) Problem() string {
	switch {
	case c.Left() < 0 && c.Lower && upper(c.Text):
		return fmt.Sprintf("%d characters too long, and it has capital letters: AWS allows %d small ones", -c.Left(), c.Limit)
	case c.Left() < 0:
		return fmt.Sprintf("%d characters too long: AWS allows %d", -c.Left(), c.Limit)
	case c.Lower && upper(c.Text):
		return "it has capital letters: AWS allows none"
	default:
		return ""
	}
}

// Longest returns the number of characters of the longest stage name with which
// the name fits: 0 if none does, and [MaxLen] if all do. It takes each place of
// the name that reads like the stage for one that is made of it, so that it never
// promises too much.
func (c CloudName) Longest() int {
	times, fixed := c.parts()
	switch {
	case c.Lower && upper(strings.ReplaceAll(c.Text, c.Stage.s, "")):
		return 0
	case c.Limit == 0 || c.Cut || times == 0 && c.Left() >= 0:
		return MaxLen
	case fixed >= c.Limit || times == 0:
		return 0
	}
	return min(MaxLen, (c.Limit-fixed)/times)
}

// Form returns the name with "<stage>" in the places of the stage.
func (c CloudName) Form() string {
	if c.Stage.IsZero() {
		return c.Text
	}
	return strings.ReplaceAll(c.Text, c.Stage.s, "<stage>")
}

// parts returns how often the stage is in the name, and how many characters are
// not of it.
func (c CloudName) parts() (times, fixed int) {
	if !c.Stage.IsZero() {
		times = strings.Count(c.Text, c.Stage.s)
	}
	return times, len(c.Text) - times*len(c.Stage.s)
}

func upper(s string) bool { return strings.ToLower(s) != s }

// Budget is the names of one service or several.
type Budget []CloudName

// Unfit returns the names that AWS would not take, in their order.
func (b Budget) Unfit() Budget {
	var unfit Budget
	for _, c := range b {
		if c.Problem() != "" {
			unfit = append(unfit, c)
		}
	}
	return unfit
}

// Tightest returns the name that leaves the least room for a stage; of several
// the one with the fewest characters left, then the first. ok is false if b is
// empty.
func (b Budget) Tightest() (name CloudName, ok bool) {
	for i, c := range b {
		if i == 0 || c.Longest() < name.Longest() || c.Longest() == name.Longest() && c.Left() < name.Left() {
			name = c
		}
	}
	return name, len(b) > 0
}
