package stage

import "strings"

// CloudName is a name that AWS will see when a service is deployed to a stage.
type CloudName struct {
	// Service is whose it is, and What says what is called so: "stack",
	// "function submit".
	Service string `json:"service"`
	What    string `json:"what"`
	// Text is the name in the stage.
	Text string `json:"text"`
	// Limit is how many characters AWS allows.
	Limit int `json:"limit"`
	// Stage is the stage that Text was made for.
	Stage Name `json:"stage"`
}

// Left returns how many characters the name could be longer. It is negative if
// the name is too long.
func (c CloudName) Left() int { return c.Limit - len(c.Text) }

// Longest returns the number of characters of the longest stage name with which
// the name fits: 0 if none does, and [MaxLen] if all do. It takes each place of
// the name that reads like the stage for one that is made of it, so that it never
// promises too much.
func (c CloudName) Longest() int {
	times := 0
	if !c.Stage.IsZero() {
		times = strings.Count(c.Text, c.Stage.s)
	}
	fixed := len(c.Text) - times*len(c.Stage.s)
	switch {
	case times == 0 && c.Left() >= 0:
		return MaxLen
	case fixed >= c.Limit || times == 0:
		return 0
	}
	return min(MaxLen, (c.Limit-fixed)/times)
}

// Budget is the names of one service or several.
type Budget []CloudName

// TooLong returns the names that are longer than AWS allows, in their order.
func (b Budget) TooLong() Budget {
	var long Budget
	for _, c := range b {
		if c.Left() < 0 {
			long = append(long, c)
		}
	}
	return long
}

// Tightest returns the name that leaves the least room for a stage, the first of
// several. ok is false if b is empty.
func (b Budget) Tightest() (name CloudName, ok bool) {
	for i, c := range b {
		if i == 0 || c.Longest() < name.Longest() {
			name = c
		}
	}
	return name, len(b) > 0
}
